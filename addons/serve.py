"""Loads Lockgate into mitmdump, mitmweb or mitmproxy: ``mitmdump -s addons/serve.py --set lockgate_definitions=DIR``."""

import sys

try:
    from lockgate.hosts.mitm.options import Lockgate
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "lockgate":
        raise
    raise SystemExit(
        f"Lockgate is not installed for {sys.executable}: install it there, for example with pip."
    ) from None

addons = [Lockgate()]
