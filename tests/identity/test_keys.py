import base64
import json

import pytest

from lockgate.identity.keys import handle_of, key_name, possible_names, shown_hash


@pytest.mark.parametrize(
    ("org_id", "custom_id", "expected"),
    [
        pytest.param("", "ann", "ann", id="no organisation"),
        pytest.param("acme", "ann", "acmeann", id="organisation"),
        pytest.param("acme", "acmeann", "acmeann", id="organisation already in front"),
    ],
)
def test_a_key_is_organisation_and_id(org_id, custom_id, expected):
    assert key_name(org_id, custom_id) == expected


def test_with_a_hash_function_a_key_names_its_parts():
    name = key_name("acme", "acme-ann", "murmur64")

    assert json.loads(base64.b64decode(name)) == {"org": "acme", "id": "-ann", "h": "murmur64"}


def test_a_client_may_leave_the_organisation_out():
    assert possible_names("acme", "ann") == ("acmeann", "ann")
    assert possible_names("acme", "acmeann") == ("acmeann",)
    assert possible_names("", "ann") == ("ann",)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        # Recorded (ct-key-hashed, au-keys-hash-function).
        pytest.param("", "ec28112f", id="default"),
        pytest.param("murmur32", "ec28112f", id="murmur32"),
        pytest.param("sha256", handle_of("ct-key-hashed-h"), id="sha256"),
    ],
)
def test_hashes_for_people(function, expected):
    assert shown_hash("ct-key-hashed-h", function) == expected


def test_hashes_of_keys_that_name_their_parts():
    name = key_name("acme", "au-keys-hash-function-new", "murmur64")

    assert shown_hash(name, "murmur64") == "0e45f3fc99a6f47f"
    assert shown_hash(name, "murmur128").startswith("0e45f3fc99a6f47f")


def test_a_handle_does_not_tell_the_key():
    assert "ann" not in handle_of("ann")
    assert handle_of("ann") != handle_of("ann1")
    assert handle_of("\udcff") != handle_of("\udcfe")
