"""``fromOASExamples`` of an operation: from the OpenAPI document to finished answers, and what is to be said of them.

Source: behaviour-chain 4.10.
"""

from collections.abc import Mapping
from typing import Any, Final, final

from lockgate.decoding.shapes import Place
from lockgate.examples import ExampleMaker
from lockgate.loading.making import Making
from lockgate.loading.oas_sections import FromExamples
from lockgate.middlewares.mock_response import MockFromExamples


@final
class OasExamples:
    """The mocks of one definition. Answers that operations share are made once."""

    def __init__(self, document: Mapping[str, Any], making: Making) -> None:
        """Begin with none made.

        Args:
            document: With references to secrets replaced.
            making: Whose notes get what is odd.
        """
        self._document: Final = document
        self._making: Final = making
        self._maker: Final = ExampleMaker(document)

    def mock(self, section: FromExamples, path: str, method: str, place: Place) -> MockFromExamples:
        """The mock of an operation.

        Args:
            section: As it was decoded.
            path: Of the operation, as in the document.
            method: The same.
            place: Of the section.
        """
        operation_at: Place = ("paths", path, method)
        operation = self._document["paths"][path][method]
        responses = self._maker.responses(operation, operation_at)
        config = MockFromExamples(section.code, section.content_type, section.example_name, responses)
        if not any(map(self._making.unjudged, (section.content_type, section.example_name))):
            self._check(config, place)
        return config

    def note_remarks(self) -> None:
        """Note what was odd in the document, once all mocks are made."""
        making = self._making
        for at, name in self._maker.headers_seen.items():
            making.check_name(name, at)
        for remark in self._maker.remarks:
            if remark.reference:
                making.notes.warning(
                    "bad-reference", f"{remark.message}: null stands in the mock's answer", remark.place
                )
            else:
                making.notes.warning("cut-example", remark.message, remark.place)

    def _check(self, config: MockFromExamples, place: Place) -> None:
        answer = config.answer()
        if not isinstance(answer, str):
            return
        notes = self._making.notes
        if not all(notes.because(ValueError(), (*place, key)) for key in ("contentType", "exampleName")):
            answer = "there is no example response for what is configured"  # A part of it is a secret.
        message = f"{answer}; requests that do not ask for another one by header are answered with 500"
        notes.warning("missing-example", message, place)
