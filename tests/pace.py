"""Tests whose subject is time, on machines that have other things to do.

A machine that was busy for a moment is no defect; what is wrong is wrong every time.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any


def paced[T: Callable[..., Any]](*paces: float) -> Callable[[T], T]:
    """Run a test that reckons with short times, and where it fails, with longer ones: only the last failure counts.

    Args:
        paces: In seconds, shortest first. The test gets each as ``pace``.
    """
    return lambda test: _repeated(test, [{"pace": pace} for pace in paces])


def at_best[T: Callable[..., Any]](times: int) -> Callable[[T], T]:
    """Run a test that compares times, and where it fails, again: up to so often."""
    return lambda test: _repeated(test, [{}] * times)


def _repeated(test: Any, tries: list[dict[str, float]]) -> Any:
    """A test that is over when one of these calls passes. An ``upstream`` that it has is as new for each."""

    def begin_anew(given: dict[str, Any]) -> None:
        if "upstream" in given:
            given["upstream"].forget()

    if inspect.iscoroutinefunction(test):

        @functools.wraps(test)
        async def run(**given: Any) -> None:
            for more in tries[:-1]:
                try:
                    await test(**given, **more)
                except Exception:  # noqa: BLE001 - the last one is not caught
                    begin_anew(given)
                else:
                    return
            await test(**given, **tries[-1])

    else:

        @functools.wraps(test)
        def run(**given: Any) -> None:
            for more in tries[:-1]:
                try:
                    test(**given, **more)
                except Exception:  # noqa: BLE001 - the last one is not caught
                    begin_anew(given)
                else:
                    return
            test(**given, **tries[-1])

    taken = tries[0]
    asked = [one for one in inspect.signature(test).parameters.values() if one.name not in taken]
    run.__signature__ = inspect.Signature(asked)  # type: ignore[attr-defined]
    return run
