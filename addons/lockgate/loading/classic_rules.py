"""What the reference gateway refuses in a Classic definition beyond its form.

Source: behaviour-chain 6.3, "definition rules".
"""

from lockgate.decoding.shapes import Notes
from lockgate.loading.classic_sections import Classic
from lockgate.loading.making import network_of
from lockgate.loading.references import has_reference


def check_classic(classic: Classic, notes: Notes) -> None:
    """Note every rule that a definition breaks. Those of sections that are not built stand with their shapes."""
    _check_addresses(classic, notes)
    proxy = classic.proxy
    if proxy.enable_load_balancing and not proxy.target_list:
        message = "expected a target, because load balancing is enabled, found none"
        notes.error("missing-key", message, ("proxy",))


def _check_addresses(classic: Classic, notes: Notes) -> None:
    for on, key, texts in (
        (classic.enable_ip_whitelisting, "allowed_ips", classic.allowed_ips),
        (classic.enable_ip_blacklisting, "blacklisted_ips", classic.blacklisted_ips),
    ):
        for index, text in enumerate(texts if on else ()):
            if network_of(text) is None and not has_reference(text):
                found = notes.show(text, (key, index))
                message = f"expected an IP address or network such as '10.0.0.0/8', found {found}"
                notes.error("bad-address", message, (key, index))
