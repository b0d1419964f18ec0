"""Documents to definitions: read, recognise the format, decode, check across definitions."""

from lockgate.loading.files import LoadCache, Loaded, load, load_text

__all__ = ["LoadCache", "Loaded", "load", "load_text"]
