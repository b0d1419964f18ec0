"""Bundles of plugins: what is taken from them, and what keeps them from being used."""

import base64
import hashlib
import io
import json
import stat
import zipfile

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tests.loading.test_plugins import classic, names, only, read, told
from tests.plugins import scripted, with_keys

from lockgate.loading import bundles

SCRIPT = b"var one = new TykJS.TykMiddleware.NewMiddleware({});"


def manifest(files=("one.js",), **custom):
    return {
        "file_list": list(files),
        "custom_middleware": {"driver": "otto", **custom},
        "checksum": "",
        "signature": "",
    }


def archive(members, *, links=()):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK if name in links else stat.S_IFREG) << 16
            made.writestr(info, json.dumps(content) if isinstance(content, dict) else content)
    return packed.getvalue()


def bundle(*, files=None, links=(), **custom):
    listed = custom or {"pre": [{"name": "one", "path": "one.js"}]}
    return archive(
        {"manifest.json": manifest(**listed), **({"one.js": SCRIPT} if files is None else files)}, links=links
    )


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "middleware" / "bundles"
    made.mkdir(parents=True)
    return made


def with_bundle(folder, raw, name="b.zip", **settings):
    (folder / name).write_bytes(raw)
    return read(classic(custom_middleware_bundle=name), folder.parents[1], **settings)


def refused(loaded, why):
    (definition,) = loaded.definitions
    assert told(loaded) == [("unsupported-bundle", "/custom_middleware_bundle")]
    assert why in loaded.problems[0].message
    assert why in definition.unavailable
    assert "script_pre" not in definition.versions[0].sections


def test_its_plugins_are_those_of_the_api(folder):
    raw = archive(
        {
            "manifest.json": manifest(
                pre=[{"name": "one", "path": "./lib/one.js"}], response=[{"name": "late", "path": "lib/one.js"}]
            )
            | {"file_list": ["lib/one.js"]},
            "lib/one.js": SCRIPT + b"var late = one;",
        }
    )
    (folder / "b.zip").write_bytes(raw)
    document = classic(
        custom_middleware_bundle="b.zip", custom_middleware={"driver": "python", "pre": [{"name": "inline"}]}
    )
    loaded = read(document, folder.parents[1])

    assert told(loaded) == []
    assert names(loaded) == ["one"]
    assert names(loaded, "script_response") == ["late"]
    program = only(loaded)["script_pre"].config.plugins[0].script.program
    assert [name for name, _ in program.sources] == ["b.zip/lib/one.js"]
    assert str(folder / "b.zip") in loaded.definitions[0].files


def test_it_may_authenticate_in_an_oas_definition(folder):
    (folder / "b.zip").write_bytes(bundle(auth_check={"name": "one", "path": "one.js"}))
    document = with_keys(scripted(pluginConfig={"bundle": {"enabled": True, "path": "b.zip"}}))
    document["x-tyk-api-gateway"]["server"]["authentication"]["custom"] = {"enabled": True}
    loaded = read(document, folder.parents[1])

    assert told(loaded) == []
    assert only(loaded)["script_auth"].config.plugin.script.name == "one"


def test_several_are_one_after_the_other(folder):
    (folder / "a.zip").write_bytes(bundle())
    raw = manifest(files=["two.js"], pre=[{"name": "two", "path": "two.js"}])
    (folder / "b.zip").write_bytes(archive({"manifest.json": raw, "two.js": b"var two;"}))
    loaded = read(classic(custom_middleware_bundle="a.zip, b.zip"), folder.parents[1])

    assert told(loaded) == []
    assert names(loaded) == ["one", "two"]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (manifest(driver="goja"), "different drivers"),
        (manifest(auth_check={"name": "one", "path": "one.js"}), "auth_check"),
    ],
)
def test_several_that_do_not_agree(folder, other, why):
    (folder / "a.zip").write_bytes(bundle(auth_check={"name": "one", "path": "one.js"}))
    (folder / "b.zip").write_bytes(archive({"manifest.json": other, "one.js": SCRIPT}))
    loaded = read(classic(custom_middleware_bundle="a.zip,b.zip"), folder.parents[1])

    refused(loaded, why)


@pytest.mark.parametrize(
    "name", ["../evil.js", "/etc/evil.js", "a/../../evil.js", "..\\evil.js", "C:evil.js", "C:\\evil.js", ".."]
)
def test_a_name_that_leads_out_of_it(folder, name):
    refused(with_bundle(folder, bundle(files={"one.js": SCRIPT, name: b"x"})), "leads out of it")


def test_a_link_in_it(folder):
    refused(with_bundle(folder, bundle(files={"one.js": b"/etc/passwd"}, links=("one.js",))), "link")


@pytest.mark.parametrize("path", ["../one.js", "/one.js", "a/../../one.js"])
def test_a_manifest_that_leads_out_of_it(folder, path):
    refused(with_bundle(folder, bundle(pre=[{"name": "one", "path": path}])), "leads out of it")


@pytest.mark.parametrize("name", ["../b.zip", "/b.zip", "a/../../b.zip", "..\\b.zip"])
def test_a_definition_whose_bundle_lies_elsewhere(tmp_path, folder, name):
    (folder.parent / "b.zip").write_bytes(bundle())
    loaded = read(classic(custom_middleware_bundle=name), tmp_path)

    refused(loaded, "leads out of the folder of bundles")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "no zip archive"),
        (b"PK\x03\x04 broken", "no zip archive"),
        (archive({"one.js": SCRIPT}), "no manifest.json"),
        (archive({"manifest.json": b"{"}), "not JSON"),
        (archive({"manifest.json": b"[]"}), "manifest.json is none"),
        (archive({"manifest.json": {"custom_middleware": {"pre": 3}}}), "manifest.json is none"),
        (archive({"manifest.json": manifest()}), "there is no file 'one.js' in it"),
        (bundle(pre=[{"name": "x", "path": "gone.js"}]), "there is no file 'gone.js' in it"),
        (archive({"manifest.json": manifest() | {"checksum": "00"}, "one.js": SCRIPT}), "checksum"),
    ],
)
def test_a_bundle_that_is_broken(folder, raw, why):
    refused(with_bundle(folder, raw), why)


def test_a_bundle_that_is_not_there(folder):
    loaded = read(classic(custom_middleware_bundle="gone.zip"), folder.parents[1])

    refused(loaded, "there is no file")
    assert str(folder / "gone.zip") in loaded.definitions[0].files


@pytest.mark.parametrize("limit", ["MAX_MEMBER_BYTES", "MAX_UNPACKED_BYTES", "MAX_MEMBERS", "MAX_ARCHIVE_BYTES"])
def test_what_is_too_large(folder, limit, monkeypatch):
    monkeypatch.setattr(bundles, limit, 1 if limit == "MAX_MEMBERS" else 200)
    refused(with_bundle(folder, bundle(files={"one.js": b" " * 100_000})), "")


def test_a_checksum_that_is_right(folder):
    digest = hashlib.md5(SCRIPT, usedforsecurity=False).hexdigest()
    raw = archive(
        {"manifest.json": manifest(pre=[{"name": "one", "path": "one.js"}]) | {"checksum": digest}, "one.js": SCRIPT}
    )

    assert names(with_bundle(folder, raw)) == ["one"]


def test_it_has_to_be_signed_where_there_is_a_key(folder):
    private = rsa.generate_private_key(65537, 2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (folder.parents[1] / "key.pem").write_bytes(public)

    def signed(data, **more):
        signature = base64.b64encode(private.sign(data, padding.PKCS1v15(), hashes.SHA256())).decode()
        listed = manifest(pre=[{"name": "one", "path": "one.js"}]) | {"signature": signature} | more
        return archive({"manifest.json": listed, "one.js": SCRIPT})

    def loaded(raw):
        return with_bundle(folder, raw, public_key_path="key.pem")

    assert names(loaded(signed(SCRIPT))) == ["one"]
    refused(loaded(bundle()), "not signed")
    refused(loaded(signed(b"other")), "signature is not of the key")
    refused(loaded(signed(b"", file_list=[])), "does not cover it")
    (folder.parents[1] / "key.pem").write_bytes(b"no key")
    refused(loaded(signed(SCRIPT)), "public key")


@pytest.mark.parametrize(("url", "good"), [("{folder}", True), ("file://{folder}", True), ("elsewhere", False)])
def test_the_folder_of_bundles_is_a_setting(tmp_path, url, good):
    folder = tmp_path / "my bundles"
    folder.mkdir()
    (folder / "b.zip").write_bytes(bundle())
    loaded = read(classic(custom_middleware_bundle="b.zip"), tmp_path, bundle_base_url=url.format(folder=str(folder)))

    assert (told(loaded) == []) == good


def test_bundles_are_not_downloaded(folder):
    loaded = with_bundle(folder, bundle(), bundle_base_url="https://bundles.test/")

    refused(loaded, "read from disk")


def test_a_bundle_that_is_off_is_not_looked_at(tmp_path):
    off = classic(custom_middleware_bundle="gone.zip", custom_middleware_bundle_disabled=True)

    assert told(read(off, tmp_path)) == []
    assert told(read(scripted(pluginConfig={"bundle": {"enabled": False, "path": "gone.zip"}}), tmp_path)) == []
