"""What ``lockgate`` does without a command: the examples in ``definitions/``, an upstream of our own, and mitmweb."""

import atexit
import html
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

UPSTREAM: Final = ("127.0.0.1", 8089)
"""Where the examples expect the demonstration's upstream."""
LISTEN: Final = ("127.0.0.1", 8080)
WEB: Final = ("127.0.0.1", 8081)
CONTROL: Final = ("127.0.0.1", 8082)
START_SECONDS: Final = 20.0

_WELCOME: Final = """\
Lockgate serves {definitions} on http://{listen}
To try:
  curl -i http://{listen}/headers/get
  curl -i 'http://{listen}/rewrite/books/42?lang=en'
  curl -i http://{listen}/mock/pets/7
Every step of each request is in mitmweb, which opens its address below: click a request, then choose the view "lockgate".
"""


def demonstrate() -> int:
    """Serve the examples until interrupted.

    Returns:
        The exit code.
    """
    definitions = Path(__file__).resolve().parents[2] / "definitions"
    if not definitions.is_dir():
        print(
            "lockgate: the demonstration runs from a checkout, which has the folder definitions; "
            "to serve your own, use: lockgate serve --definitions FOLDER",
            file=sys.stderr,
        )
        return 2
    for name, address in (
        ("clients", LISTEN),
        ("mitmweb", WEB),
        ("the control API", CONTROL),
        ("its upstream", UPSTREAM),
    ):
        if _listening(address):
            host, port = address
            print(f"lockgate: the demonstration needs {host}:{port} for {name}, and it is in use", file=sys.stderr)
            return 2
    try:
        _start_upstream()
    except RuntimeError as error:
        print(f"lockgate: {error}", file=sys.stderr)
        return 2
    shown = definitions.relative_to(Path.cwd()) if definitions.is_relative_to(Path.cwd()) else definitions
    print(_WELCOME.format(definitions=shown, listen="{}:{}".format(*LISTEN)), flush=True)
    from lockgate.hosts.mitm.tool import Serving, serve

    return serve(Serving(definitions=(definitions,), listen=LISTEN, control="{}:{}".format(*CONTROL), web=WEB))


def _listening(address: tuple[str, int]) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(address) == 0


def _start_upstream() -> None:
    """Start httpbin in a process of its own, which ends with ours.

    Raises:
        RuntimeError: It did not start.
    """
    host, port = UPSTREAM
    process = subprocess.Popen(
        [sys.executable, "-m", "lockgate.demonstration", host, str(port)],
        stdin=subprocess.PIPE,  # Closed when we end, however we end: the upstream watches it.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )
    atexit.register(process.kill)
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if _listening(UPSTREAM):
            return
        if process.poll() is not None:
            said = process.stderr.read().decode(errors="replace").strip() if process.stderr else ""
            raise RuntimeError(f"the demonstration's upstream did not start: {said.splitlines()[-1] if said else ''}")
        time.sleep(0.05)
    process.kill()
    raise RuntimeError(f"the demonstration's upstream did not answer within {START_SECONDS:.0f} s")


_ENVELOPE: Final = """\
<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>{}</soap:Body></soap:Envelope>
"""
_ANSWER: Final = (
    '<NumberToWordsResponse xmlns="http://lockgate.example/numbers"><Words>{}</Words></NumberToWordsResponse>'
)
_FAULT: Final = "<soap:Fault><faultcode>soap:Client</faultcode><faultstring>{}</faultstring></soap:Fault>"
_SMALL: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_MOST: Final = 999_999
_LONGEST_REQUEST: Final = 64 * 1024


def soap(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A small SOAP service, as WSGI: says a number in words, for the example of SOAP to REST."""
    status, body = "200 OK", ""
    try:
        length = min(int(environ.get("CONTENT_LENGTH") or 0), _LONGEST_REQUEST)
        body = _ANSWER.format(in_words(_number_in(environ["wsgi.input"].read(length))))
    except ValueError as error:
        status, body = "500 Internal Server Error", _FAULT.format(html.escape(str(error)))
    raw = _ENVELOPE.format(body).encode()
    start_response(status, [("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(raw)))])
    return [raw]


def _number_in(envelope: bytes) -> int:
    from lockgate.documents.xml import decode_xml

    value: Any = decode_xml(envelope)
    for name in ("Envelope", "Body", "NumberToWords", "Number"):
        if not isinstance(value, dict) or name not in value:
            raise ValueError(f"expected {name}")
        value = value[name]
    if not isinstance(value, str) or not value.isdecimal() or int(value[:9]) > _MOST:
        raise ValueError(f"expected a number from 0 to {_MOST}")
    return int(value)


def in_words(number: int) -> str:
    """A number from 0 to 999,999, in English."""
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = f" {in_words(number % size)}" if number % size else ""
            return f"{in_words(number // size)} {name}{rest}"
    if number < len(_SMALL):
        return _SMALL[number]
    rest = f" {_SMALL[number % 10]}" if number % 10 else ""
    return f"{_TENS[number // 10 - 2]}{rest}"


def _upstream(host: str, port: int) -> None:
    """Run httpbin, with the SOAP service under /soap, until our standard input is closed."""
    import logging
    import threading

    from httpbin import app
    from werkzeug.middleware.dispatcher import DispatcherMiddleware
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server(host, port, DispatcherMiddleware(app, {"/soap": soap}), threaded=True)

    def watch() -> None:
        sys.stdin.buffer.read()
        server.shutdown()

    threading.Thread(target=watch, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    _upstream(sys.argv[1], int(sys.argv[2]))
