import pytest

from lockgate.hosts import local_zone as module
from lockgate.hosts.local_zone import local_zone


@pytest.mark.parametrize(
    ("value", "zone"),
    [
        ("Europe/Lisbon", "Europe/Lisbon"),
        (":Asia/Tokyo", "Asia/Tokyo"),
        ("/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
        ("", "UTC"),
    ],
)
def test_the_environment_says(monkeypatch, value, zone):
    monkeypatch.setenv("TZ", value)

    assert local_zone() == zone


def test_else_the_machine_says(monkeypatch, tmp_path):
    monkeypatch.delenv("TZ", raising=False)
    link = tmp_path / "localtime"
    monkeypatch.setattr(module, "_LINK", link)

    assert local_zone() == "UTC"
    link.symlink_to("/usr/share/zoneinfo/America/Bogota")
    assert local_zone() == "America/Bogota"
