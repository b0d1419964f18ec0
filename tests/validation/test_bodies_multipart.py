import pytest
from tests.validation.operations import content, endpoint, obj

from lockgate.validation.bodies_multipart import Part, parameters_of, parts_of
from lockgate.validation.scalars import UnreadableError

HEAD = b'Content-Disposition: form-data; name="a"\r\n\r\n'


def parts(raw, boundary=b"B"):
    return list(parts_of(raw, boundary))


@pytest.mark.parametrize(
    ("raw", "contents"),
    [
        (b"--B\r\n" + HEAD + b"x\r\n--B--", [b"x"]),
        (b"preamble\r\n--B  \r\n" + HEAD + b"x\r\n--B--\r\nepilogue", [b"x"]),
        (b"--B\r\n" + HEAD + b"\r\n--B--", [b""]),
        (b"--B\r\n" + HEAD + b"--B--", [b""]),
        (b"--B\r\n" + HEAD + b"x\r\n--BB\r\n--B--", [b"x\r\n--BB"]),
        (b"--B\r\n" + HEAD + b"x\r\n--B\r\n" + HEAD + b"y\r\n--B--", [b"x", b"y"]),
        (b"--B\n" + HEAD.replace(b"\r", b"") + b"x\r\n\n--B--\n", [b"x\r\n"]),
    ],
)
def test_contents(raw, contents):
    assert [part.content for part in parts(raw)] == contents


@pytest.mark.parametrize("raw", [b"--B--", b"--B--\r\n", b"preamble\r\n--B-- \r\n--B\r\n\r\nx"])
def test_a_body_may_have_no_parts(raw):
    assert parts(raw) == []


def test_headers():
    raw = (
        b'--B\r\ncontent-type: text/plain\r\nContent-Disposition: form-data; name="q\\"x"; filename=f\r\n'
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\na=3Db\r\n--B\r\nX: y\r\n\r\nz\r\n--B--"
    )
    assert parts(raw) == [Part('q"x', "text/plain", b"a=b"), Part("", "", b"z")]


@pytest.mark.parametrize(
    ("raw", "boundary", "expected"),
    [
        (b"", b"", "multipart: boundary is empty"),
        (b"", b"B", "multipart: NextPart: EOF"),
        (b"--B--\n", b"B", "multipart: NextPart: EOF"),
        (b"--B\r\n" + HEAD + b"x", b"B", "unexpected EOF"),
        (b"--B\r\nContent-Disposition: x", b"B", "unexpected EOF"),
        (b"--B\r\nnonsense\r\n\r\nx\r\n--B--", b"B", 'malformed MIME header: missing colon: "nonsense"'),
        (b"--B\r\n" + b"A: b\r\n" * 2000, b"B", "malformed MIME header: too many headers"),
        ((b"--B\r\n\r\n\r\n" * 10_001) + b"--B--", b"B", "more than 10000 parts"),
    ],
)
def test_what_is_none(raw, boundary, expected):
    with pytest.raises(UnreadableError) as error:
        parts(raw, boundary)
    assert str(error.value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"multipart/form-data", {}),
        (b"multipart/form-data; boundary=B;", {"boundary": b"B"}),
        (b'm/f; Boundary="a b\\"c" ; x=y', {"boundary": b'a b"c', "x": b"y"}),
    ],
)
def test_parameters(text, expected):
    assert parameters_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"m/f; boundary", "mime: invalid media parameter"),
        (b"m/f; a=1; a=2", "mime: duplicate parameter name"),
    ],
)
def test_malformed_parameters(text, expected):
    with pytest.raises(UnreadableError) as error:
        parameters_of(text)
    assert str(error.value) == expected


@pytest.mark.parametrize(
    ("head", "cause"),
    [
        pytest.param(
            'Content-Disposition: form-data; name="x"\r\nContent-Disposition: form-data; name="role"',
            'malformed MIME header: several "content-disposition"',
            id="two names",
        ),
        pytest.param(
            'Content-Disposition: form-data; name="role"\r\nContent-Transfer-Encoding: base64',
            'content transfer encoding "base64" cannot be read',
            id="encoded",
        ),
        pytest.param(
            'Content-Disposition: form-data; name="x"; name="role"', "part : undefined", id="two names in one"
        ),
        pytest.param(
            "Content-Disposition: form-data; name*=utf-8''role", "part : undefined", id="another kind of name"
        ),
        pytest.param("X: y", "part : undefined", id="no name"),
    ],
)
def test_a_part_is_what_it_says_once(head, cause):
    body = content(
        "multipart/form-data", obj({"role": {"type": "string", "enum": ["user"]}}, additionalProperties=True)
    )
    sent = f"--B\r\n{head}\r\n\r\nadmin\r\n--B--\r\n"
    found = endpoint(method="POST", body=body).cause(
        headers=(("Content-Type", "multipart/form-data; boundary=B"),), body=sent
    )

    assert found == f"request body has an error: failed to decode request body: {cause}"
