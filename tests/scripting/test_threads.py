"""Threads that begin beside the event loop."""

import os
import threading

import pytest

from lockgate.scripting import threads as threads_module
from lockgate.scripting.threads import Threads


def ignored(_):
    raise AssertionError("there are threads")


def test_each_work_has_a_thread_of_its_own():
    threads, met = Threads(), threading.Barrier(3)
    for name in ("one", "two"):
        threads.begin(lambda: met.wait(20), ignored, name)
    met.wait(20)  # both are under way at the same time


def test_a_thread_keeps_no_process_from_ending():
    threads, seen = Threads(), []
    done = threading.Event()

    def work():
        seen.append((threading.current_thread().name, threading.current_thread().daemon))
        done.set()

    threads.begin(work, ignored, "some name")
    assert done.wait(20)
    assert seen == [("some name", True)]


class Refused(threading.Thread):
    """A thread that the system does not start."""

    refuses = frozenset({"work"})

    def start(self):
        if self.name in self.refuses:
            raise RuntimeError("can't start new thread")
        super().start()


def test_whoever_gets_no_thread_is_told(monkeypatch):
    monkeypatch.setattr(threads_module.threading, "Thread", Refused)
    threads, told, errors = Threads(), threading.Event(), []

    def failed(error):
        errors.append(str(error))
        told.set()

    threads.begin(lambda: errors.append("it ran"), failed, "work")
    assert told.wait(20)
    assert errors == ["can't start new thread"]
    done = threading.Event()
    threads.begin(done.set, ignored, "other")
    assert done.wait(20)


def test_without_any_thread_asking_fails_and_can_be_repeated(monkeypatch):
    threads, done = Threads(), threading.Event()
    with monkeypatch.context() as patched:
        patched.setattr(Refused, "refuses", frozenset({"lockgate-threads"}))
        patched.setattr(threads_module.threading, "Thread", Refused)
        with pytest.raises(RuntimeError, match="can't start"):
            threads.begin(done.set, ignored, "work")
    threads.begin(done.set, ignored, "work")
    assert done.wait(20)


def test_a_fork_begins_threads_of_its_own():
    threads, before = Threads(), threading.Event()
    threads.begin(before.set, ignored, "before")
    assert before.wait(20)
    child = os.fork()
    if not child:
        done = threading.Event()
        threads.begin(done.set, ignored, "work")
        os._exit(0 if done.wait(20) else 1)
    assert os.waitpid(child, 0)[1] == 0
