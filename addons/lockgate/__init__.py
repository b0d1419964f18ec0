"""An API gateway inside mitmproxy."""

__version__ = "0.1.0"
