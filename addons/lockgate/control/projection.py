"""A definition as the Classic object that the control API tells about, whatever format it was written in.

Source: behaviour-chain 1.3.
"""

from typing import Any

from lockgate.model import ApiDefinition


def classic_projection(definition: ApiDefinition) -> dict[str, Any]:
    """The parts of the Classic object that identify an API and say where it is served from and to."""
    extension = definition.document.get("x-tyk-api-gateway")
    oas = isinstance(extension, dict)
    info = extension.get("info", {}) if isinstance(extension, dict) else {}
    upstream = extension.get("upstream", {}) if isinstance(extension, dict) else {}
    active = info.get("state", {}).get("active", True) if isinstance(info, dict) else True
    return {
        "api_id": definition.id,
        "name": definition.name,
        "org_id": definition.org_id,
        "active": bool(active),
        "internal": definition.internal,
        "is_oas": oas,
        "use_keyless": not definition.unavailable
        and not any("auth_token" in version.sections for version in definition.versions),
        "proxy": {
            "listen_path": definition.listen_path,
            "target_url": str(upstream.get("url", "")) if isinstance(upstream, dict) else "",
            "strip_listen_path": definition.strip_listen_path,
        },
        "version_data": {
            "not_versioned": True,
            "versions": {version.name: {"name": version.name} for version in definition.versions},
        },
    }
