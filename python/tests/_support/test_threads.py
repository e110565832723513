"""Threads that work ahead: in order, only so far, errors to whom they belong, and after the main thread's end."""

import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

from swiftalexnet._support.threads import Threads, map_ahead


def decoding_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("swiftalexnet-decode")]


def test_items_are_mapped_in_order_and_only_so_far_ahead():
    begun = []

    def double(item: int) -> int:
        begun.append(item)
        time.sleep(0.01 * (item % 3))
        if item == 12:
            raise ValueError("twelve")
        return 2 * item

    with closing(map_ahead(double, range(1000), 3)) as results:
        assert [next(results) for _ in range(5)] == [0, 2, 4, 6, 8]
        time.sleep(0.1)
        assert max(begun) <= 4 + 2 * 3 + 1
        with pytest.raises(ValueError, match="twelve"):
            list(results)
    assert not decoding_threads()
    assert list(map_ahead(double, [], 2)) == []


def test_an_exception_of_a_call_is_raised_where_its_result_is_awaited():
    class Odd(BaseException):
        pass

    error = Odd("own")

    def fail() -> None:
        raise error

    threads = Threads(2)
    failed, good = threads.submit(fail), threads.submit(lambda: 3)
    with pytest.raises(Odd) as caught:
        failed.result()
    assert caught.value is error and good.result() == 3
    threads.close()
    assert not decoding_threads()


def test_closing_drops_calls_that_have_not_started():
    begun, go_on = [], threading.Event()

    def work(number: int) -> None:
        begun.append(number)
        go_on.wait(5)

    threads = Threads(1)
    for number in range(9):
        threads.submit(lambda number=number: work(number))
    while not begun:
        time.sleep(0.001)
    threading.Timer(0.05, go_on.set).start()
    threads.close()
    assert begun == [0] and not decoding_threads()


def test_threads_that_were_never_used_close(monkeypatch):
    Threads(3).close()
    monkeypatch.setattr(threading.Thread, "start", lambda _: pytest.fail("started"))
    Threads(3).close()


def test_as_many_threads_as_the_system_grants(monkeypatch):
    granted, start = 2, threading.Thread.start

    def scarce(thread: threading.Thread) -> None:
        nonlocal granted
        if not granted:
            raise RuntimeError("can't start new thread")
        granted -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", scarce)
    assert list(map_ahead(lambda item: item + 1, range(50), 4)) == list(range(1, 51))
    with pytest.raises(RuntimeError, match="can't start"):
        list(map_ahead(lambda item: item, range(5), 4))


TRAINS_ON = """
import threading, time
from pathlib import Path
import sys
sys.path[:0] = {path}
import swiftalexnet as sa
from support import photo_folder, quick_recipe, tiny_model

data = sa.ImageFolder(photo_folder(Path({folder!r})), workers=2, max_errors=None)

def run():
    main.join()
    history = tiny_model().fit(data, data, epochs=2, recipe=quick_recipe(), progress=False)
    data.cache_to({folder!r} + ".images", side=20)
    print(len(history), len(tiny_model().predict(data.paths)), flush=True)

main = threading.main_thread()
threading.Thread(target=run).start()
"""


def test_a_run_in_a_thread_continues_after_the_main_thread_has_ended(tmp_path):
    code = TRAINS_ON.format(path=[path for path in sys.path if path], folder=str(tmp_path / "photos"))
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert result.stdout == "2 24\n", result.stderr
