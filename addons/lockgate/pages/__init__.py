"""Our pages beside mitmweb: HTML, and the data that their scripts ask for. Nothing here knows mitmproxy.

A host installs ``ROUTES`` in its web server, each handler below a class of its own that knows who is logged in.
"""
