"""Threads that begin beside the event loop: whoever asks for one does not wait for it.

``threading.Thread.start`` returns when the new thread has had its turn. On a busy machine that takes milliseconds, in which
an event loop would stand still.
"""

import queue
import threading
from collections.abc import Callable
from typing import Final, final


@final
class Threads:
    """Begins threads, in a thread of its own that stays. None of them keeps the process from ending."""

    def __init__(self) -> None:
        """Make one that has no thread yet."""
        self._asked: queue.SimpleQueue[tuple[Callable[[], object], Callable[[RuntimeError], object], str]]
        self._asked = queue.SimpleQueue()
        self._lock: Final = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self, work: Callable[[], object], failed: Callable[[RuntimeError], object], name: str) -> None:
        """Do something in a thread of its own, some time. Any thread may ask.

        Args:
            work: Done there.
            failed: Called in some other thread instead, where the system has no thread left.
            name: Of the thread.

        Raises:
            RuntimeError: There is not even the first thread.
        """
        with self._lock:
            if self._thread is None or not self._thread.is_alive():  # a fork has none
                self._asked = queue.SimpleQueue()
                self._thread = threading.Thread(
                    target=self._serve, args=(self._asked,), name="lockgate-threads", daemon=True
                )
                try:
                    self._thread.start()
                except RuntimeError:
                    self._thread = None
                    raise
            self._asked.put((work, failed, name))

    @staticmethod
    def _serve(asked: "queue.SimpleQueue[tuple[Callable[[], object], Callable[[RuntimeError], object], str]]") -> None:
        while True:
            work, failed, name = asked.get()
            try:
                threading.Thread(target=work, name=name, daemon=True).start()
            except RuntimeError as error:
                failed(error)
            del work, failed  # it may be long until the next one


THREADS: Final = Threads()
"""Of this process."""
