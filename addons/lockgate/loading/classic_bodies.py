"""``transform`` and ``transform_response`` of Classic definitions, with our ``x-lockgate`` in them.

Source: behaviour-scripting 1.1.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from lockgate.body_transforms.transform import Engine
from lockgate.decoding.shapes import Field, Place, choice, optional
from lockgate.loading.body_transforms import Written
from lockgate.loading.classic_parts import FLAG, TEXT, go_record
from lockgate.loading.classic_sections import BodyEntry, OwnTemplate, TemplateData, VersionSection

OWN: Final = "x-lockgate"
KEYS: Final[Mapping[str, bool]] = {"transform": True, "transform_response": False}
"""Of ``extended_paths``: whether what stands under each is of requests."""

FIELDS: Final[dict[str, Field]] = {
    "template_data": optional(
        go_record(
            TemplateData,
            {
                "input_type": TEXT,
                "template_mode": TEXT,
                "enable_session": FLAG,
                "template_source": TEXT,
                OWN: optional(
                    go_record(
                        OwnTemplate,
                        {
                            "engine": optional(choice("go", "jinja2"), "go"),
                            "template_mode": TEXT,
                            "template_source": TEXT,
                        },
                    ),
                    OwnTemplate(),
                    name="own",
                ),
            },
        ),
        TemplateData(),
    )
}
"""What an entry has beside path, method and switch."""


def written_in(versions: Iterable[tuple[Place, VersionSection]]) -> Iterator[Written]:
    """The body transforms of versions that are on: of all requests, then of all responses.

    Args:
        versions: Each with its place; those without ``use_extended_paths`` have none.
    """
    known = [(place, section) for place, section in versions if section.use_extended_paths]
    for key, is_request in KEYS.items():
        for place, section in known:
            entries: tuple[BodyEntry, ...] = getattr(section.extended_paths, key)
            for index, entry in enumerate(entries):
                if not entry.disabled:
                    at = (*place, "extended_paths", key, index)
                    yield _written(entry.template_data, at, is_request=is_request)


def _written(data: TemplateData, place: Place, *, is_request: bool) -> Written:
    own, at = data.own, (*place, "template_data")
    where, mode, source = at, data.template_mode, data.template_source
    if own.template_source:
        where, mode, source = (*at, OWN), own.template_mode or mode, own.template_source
    return Written(
        place=place,
        is_request=is_request,
        source=source,
        source_place=(*where, "template_source"),
        mode=mode,
        mode_place=(*where, "template_mode"),
        input=data.input_type,
        input_place=(*at, "input_type"),
        session=data.enable_session,
        engine=Engine(own.engine),
    )
