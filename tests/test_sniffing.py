import pytest

from lockgate.sniffing import detect_content_type


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"", "text/plain; charset=utf-8", id="empty"),
        pytest.param(b'{"a":1}', "text/plain; charset=utf-8", id="JSON is text"),
        pytest.param("héllo".encode(), "text/plain; charset=utf-8", id="text"),
        pytest.param(b"\x1bescape", "text/plain; charset=utf-8", id="escape is text"),
        pytest.param(b"<htmlx>", "text/plain; charset=utf-8", id="a longer tag is no HTML"),
        pytest.param(b"x<html>", "text/plain; charset=utf-8", id="HTML further on"),
        pytest.param(b"<!DOCTYPE html><p>x", "text/html; charset=utf-8", id="document type"),
        pytest.param(b" \n <TABLE>", "text/html; charset=utf-8", id="HTML behind blanks"),
        pytest.param(b"<a href=x>", "text/html; charset=utf-8", id="tag with an attribute"),
        pytest.param(b"<!-- x", "text/html; charset=utf-8", id="comment"),
        pytest.param(b'<?xml version="1.0"?><a/>', "text/xml; charset=utf-8", id="XML"),
        pytest.param(b"%PDF-1.7", "application/pdf", id="PDF"),
        pytest.param(b"%!PS-Adobe-3.0", "application/postscript", id="PostScript"),
        pytest.param(b"\xef\xbb\xbfa", "text/plain; charset=utf-8", id="UTF-8 mark"),
        pytest.param(b"\xfe\xff\x00a", "text/plain; charset=utf-16be", id="UTF-16 mark"),
        pytest.param(b"\xff\xfea\x00", "text/plain; charset=utf-16le", id="UTF-16 mark, little end"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00", "image/png", id="PNG"),
        pytest.param(b"\xff\xd8\xff\xe0", "image/jpeg", id="JPEG"),
        pytest.param(b"GIF89a", "image/gif", id="GIF"),
        pytest.param(b"RIFF\x01\x02\x03\x04WEBPVP8", "image/webp", id="WebP"),
        pytest.param(b"RIFF\x01\x02\x03\x04WAVE", "audio/wave", id="wave"),
        pytest.param(b"\x00\x00\x00\x10ftypmp42\x00\x00\x00\x00", "video/mp4", id="MP4"),
        pytest.param(b"\x00\x00\x00\x14ftypXXXXmp42mp41", "video/mp4", id="MP4 by a later brand"),
        pytest.param(b"\x00\x00\x00\x10ftypXXXXmp42", "application/octet-stream", id="the version is no brand"),
        pytest.param(b"\x00\x00\x00\x60ftypmp42", "application/octet-stream", id="a box cut short"),
        pytest.param(b"\x1a\x45\xdf\xa3", "video/webm", id="WebM"),
        pytest.param(b"\x00" * 34 + b"LP", "application/vnd.ms-fontobject", id="font"),
        pytest.param(b"\x1f\x8b\x08\x00", "application/x-gzip", id="gzip"),
        pytest.param(b"PK\x03\x04", "application/zip", id="zip"),
        pytest.param(b"Rar!\x1a\x07\x01\x00", "application/x-rar-compressed", id="rar"),
        pytest.param(b"\x00asm", "application/wasm", id="WebAssembly"),
        pytest.param(b"\x00\x01\x02", "application/octet-stream", id="bytes"),
        pytest.param(b"a" * 512 + b"\x00", "text/plain; charset=utf-8", id="only the beginning counts"),
    ],
)
def test_guesses_as_go_does(data, expected):
    assert detect_content_type(data) == expected
