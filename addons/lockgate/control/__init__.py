"""The control API: Tyk's paths, secret header, bodies and errors, on a port of its own."""
