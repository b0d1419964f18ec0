"""Lockgate inside mitmproxy. Only this package imports mitmproxy; it relies on 12.2's hooks and layers.

``stream`` and ``http1`` carry bytes and never decide; ``addon`` runs the engine in mitmproxy's hooks; ``passage`` is what
the two know of an exchange in common. A request that the addon did not release is not forwarded, whatever failed.
"""
