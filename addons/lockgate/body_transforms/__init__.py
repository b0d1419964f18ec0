"""Body transforms, apart from any middleware: a template, what it is run on, and where it runs.

Middlewares, ``lockgate try --template`` and the limited processes run the same functions.

| module | holds |
|---|---|
| ``transform`` | the values |
| ``making`` | texts of templates to transforms |
| ``data`` | a body as data, with facts of request and session |
| ``slots`` | variables in the text of a template |
| ``visibility`` | what of its data a template can get at |
| ``running`` | here, or as a task |
"""

from lockgate.body_transforms.running import perform

__all__ = ["perform"]
