"""What goes wrong with services."""

from typing import Final


class ServiceError(RuntimeError):
    """A service did not answer. A protection that needs the answer refuses; the message is for the trace and the log."""


class TaskLimitError(ServiceError):
    """A task was stopped: it used up its time or its memory; the message says which."""


class NotRecordedError(LookupError):
    """A replayed exchange asked the outside something that its recording does not hold."""

    def __init__(self, service: str, operation: str) -> None:
        super().__init__(f"not recorded: {service}.{operation}")
        self.service: Final = service
        self.operation: Final = operation
