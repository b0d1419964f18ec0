"""Documents to definitions: read, recognise the format, decode, check across definitions."""

from lockgate.loading.files import Loaded, load, load_text

__all__ = ["Loaded", "load", "load_text"]
