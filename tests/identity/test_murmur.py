import pytest

from lockgate.identity.murmur import long_hash, short_hash


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(b"", "00000000", id="nothing"),
        pytest.param(b"abc", "00000000", id="no whole block"),
        # Recorded (ct-key-hashed).
        pytest.param(b"ct-key-hashed-h", "ec28112f", id="recorded"),
    ],
)
def test_short_hash(text, expected):
    assert short_hash(text) == expected


def test_the_last_bytes_do_not_count():
    assert len({short_hash(text) for text in (b"abcdefgh", b"abcdefgh1", b"abcdefgh12", b"abcdefgh123")}) == 1
    assert short_hash(b"abcdefgh1234") != short_hash(b"abcdefgh")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(b"", "00000000000000000000000000000000", id="nothing"),
        pytest.param(b"hello", "cbd8a7b341bd9b025b1e906a48ae1d19", id="tail"),
        pytest.param(b"The quick brown fox jumps over the lazy dog", "e34bbc7bbc071b6c7a433ca9c49a9347", id="blocks"),
    ],
)
def test_long_hash(text, expected):
    assert long_hash(text) == expected
