"""Classic definitions with jq filters, which no other format has."""

from typing import Any

PROCESSOR = {"name": "response_body_transform_jq"}


def filtering(
    requests: str | None = None,
    responses: str | None = None,
    *,
    name: str = "jq",
    upstream: str = "http://upstream.test:8000",
    variables: bool = False,
    processors: tuple[dict[str, Any], ...] = (PROCESSOR,),
    entry: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A definition that runs filters on POST /jq.

    Args:
        requests: Filter of requests.
        responses: Filter of responses.
        name: Of the API, its id and its listen path.
        upstream: URL.
        variables: Whether context variables are on.
        processors: ``response_processors``.
        entry: More keys of the entries.
        more: Sections of the definition.
    """
    paths: dict[str, Any] = more.pop("paths", {})
    for key, text in (("transform_jq", requests), ("transform_jq_response", responses)):
        if text is not None:
            paths[key] = [{"path": "/jq", "method": "POST", "filter": text, **(entry or {})}]
    version = {"name": "Default", "use_extended_paths": True, "extended_paths": paths, **more.pop("version", {})}
    return {
        "name": name,
        "api_id": name,
        "active": True,
        "use_keyless": True,
        "enable_context_vars": variables,
        "response_processors": list(processors),
        "proxy": {"listen_path": f"/{name}/", "target_url": upstream, "strip_listen_path": True},
        "version_data": {"not_versioned": True, "versions": {"Default": version}},
        **more,
    }
