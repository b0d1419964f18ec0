"""Go's text/template with sprig's and the gateway's functions, on data as it comes out of JSON and XML; Jinja2 beside it.

Rules of this package:
1. A template is parsed, checked and compiled once, when its definition is loaded.
2. It knows no proxy and does no I/O. What reaches outside (time, randomness, names of hosts) comes with the ``Run``.
3. Data is data: what a message holds is never looked at as a template.
4. Nothing leaves it but ``TemplateError`` and, of a run that is too long for where it runs, ``TooLongError``.

Source: behaviour-scripting 1 and 2; Go 1.26, text/template and fmt; sprig 3.3.0.
"""
