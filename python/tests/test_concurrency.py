"""The extension with threads, processes and signals: the GIL, equal bits, fork, Ctrl-C."""

import multiprocessing
import threading
import time

import numpy as np
import pytest
import small_network as small
from fresh_process import run

from swiftalexnet import ConcurrentUseError, _native, ops

VALUE, GRADIENT, VELOCITY = _native.VALUE, _native.GRADIENT, _native.VELOCITY


@pytest.fixture
def network():
    """The test's own network instead of the shared one."""
    return small.make()


# ---- Threads ----


def big_convolution():
    """About a third of a second on one core."""
    x, w = np.ones((16, 96, 54, 54), np.float32), np.ones((256, 96, 5, 5), np.float32)
    return lambda: ops.conv2d(x, w, padding=2)


def test_the_gil_is_released():
    """Another thread makes progress while the engine computes."""
    compute, ticks, done = big_convolution(), [], threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.perf_counter()
    compute()
    end = time.perf_counter()
    done.set()
    thread.join()
    assert len([t for t in ticks if start < t < end]) > 5


def test_eight_threads_give_the_same_bits(network):
    x, _ = small.batch(8)
    expected, problems = small.forward(network, x), []

    def work():
        for _ in range(30):
            if not np.array_equal(small.forward(network, x), expected):
                problems.append("other bits")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


@pytest.mark.parametrize("count", [1, 2, 3, 4, 8])
def test_the_number_of_threads_changes_nothing(count):
    x, labels = small.batch(7)
    before = _native.get_num_threads()
    states = []
    try:
        for threads in (1, count):
            _native.set_num_threads(threads)
            assert _native.get_num_threads() == threads
            network = small.make()
            for step in range(3):
                network.train_step(
                    x, labels, 0, (0.01, 0.9, 0.0005, 0, 1, step, None, None, 0, None, 0.001, False, False)
                )
            states.append(small.state(network, VALUE, GRADIENT, VELOCITY))
    finally:
        _native.set_num_threads(before)
    assert small.same_bits(*states)


def test_training_twice_at_once_is_refused(network):
    """One of two threads that train the same network gets an error; the weights are those of complete steps."""
    x, labels = small.batch(512)
    refusals, start = [], threading.Barrier(2)

    def train():
        start.wait()
        for _ in range(40):
            try:
                network.train_step(x, labels, 0, (0.0, 0.0, 0.0, 0, 1, 2, None, None, 0, None, 0.001, False, False))
            except ConcurrentUseError as error:
                refusals.append(str(error))

    before = small.state(network)
    threads = [threading.Thread(target=train) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refusals and refusals[0].startswith("train_step: ")
    assert small.same_bits(small.state(network), before)


# ---- Processes ----


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_process_predicts(method, network):
    """The parent's threads have run; a forked child even uses the parent's network."""
    context = multiprocessing.get_context(method)
    x, _ = small.batch(64)
    expected = small.forward(network, x)
    queue = context.SimpleQueue()
    shared = network if method == "fork" else None
    child = context.Process(target=small.predict_in_child, args=(shared, x, queue))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert queue.get() == expected.tobytes()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork_while_other_threads_compute(network):
    """The child of a fork during work of the thread pool can still compute."""
    x, _ = small.batch(64)
    expected, stop = small.forward(network, x), threading.Event()

    def work():
        while not stop.is_set():
            small.forward(network, x)

    thread = threading.Thread(target=work)
    thread.start()
    context = multiprocessing.get_context("fork")
    try:
        for _ in range(10):
            queue = context.SimpleQueue()
            child = context.Process(target=small.predict_in_child, args=(None, x, queue))
            child.start()
            child.join(20)
            assert child.exitcode == 0
            assert queue.get() == expected.tobytes()
    finally:
        stop.set()
        thread.join()


def test_the_interpreter_ends_while_a_daemon_thread_computes():
    code = """
import threading, time
import numpy as np, swiftalexnet as sa
x, w = np.ones((8, 96, 54, 54), np.float32), np.ones((256, 96, 5, 5), np.float32)
def work():
    while True: sa.ops.conv2d(x, w, padding=2)
threading.Thread(target=work, daemon=True).start()
time.sleep(0.3)
print("end")
"""
    assert run(code) == "end"


# ---- Ctrl-C ----


def test_ctrl_c_leaves_the_last_whole_step():
    code = """
import os, signal, threading
import small_network as small
from swiftalexnet import _native

network, again, (x, labels) = small.make(), small.make(), small.batch(8192)

def train(network, step):
    network.train_step(x, labels, 0, (0.01, 0.9, 0.0005, 0, 1, step, None, None, 0, None, 0.001, False, False))

def same():
    kinds = _native.VALUE, _native.VELOCITY
    return small.same_bits(small.state(network, *kinds), small.state(again, *kinds))

step = taken = left_in_the_middle = 0
for delay in (0.05, 0.21, 0.33, 0.47):
    timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        while True:
            train(network, step)
            step += 1
    except KeyboardInterrupt:
        timer.join()
    for taken in range(taken, step):
        train(again, taken)
    taken = step
    if same():
        left_in_the_middle += 1
    else:  # Python heard of Ctrl-C behind a step, before it had counted it
        train(again, step)
        step = taken = step + 1
        assert same(), "a half step was left"
print(left_in_the_middle > 0)
"""
    assert run(code) == "True"


def test_ctrl_c_in_a_long_operation():
    """It is interrupted: it computes for less time than the whole operation (processors' time: others may be busy)."""
    code = """
import os, signal, threading, time
import numpy as np, swiftalexnet as sa
x, w = np.ones((64, 96, 27, 27), np.float32), np.ones((512, 96, 5, 5), np.float32)

def processor_seconds():
    start = time.process_time()
    try:
        sa.ops.conv2d(x, w, padding=2)
    except KeyboardInterrupt:
        pass
    return time.process_time() - start

whole, interrupted = processor_seconds(), []
for _ in range(3):
    timer = threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    interrupted.append(processor_seconds())
    timer.join()
print(min(interrupted) < whole / 2)
"""
    assert run(code) == "True"


def test_an_exception_of_another_handler_is_raised():
    code = """
import signal
import small_network as small
def handler(*_): raise LookupError("from the handler")
signal.signal(signal.SIGALRM, handler)
network, (x, labels) = small.make(), small.batch(4096)
signal.setitimer(signal.ITIMER_REAL, 0.2)
try:
    while True: network.train_step(x, labels, 0, small.OPTIONS)
except LookupError as error: print(error)
"""
    assert run(code) == "from the handler"


def test_a_handler_may_use_the_engine():
    """A handler runs during a call: operators and other networks work, and the one in use raises instead of hanging."""
    code = """
import signal
import numpy as np
import small_network as small
from swiftalexnet import ConcurrentUseError, ops
network, other, (x, labels) = small.make(), small.make(), small.batch(4096)
x, labels = np.tile(x, (4, 1, 1, 1)), np.tile(labels, 4)
heard = set()
def attempt(name, call):
    try: call()
    except ConcurrentUseError: heard.add(name + " refused")
    else: heard.add(name + " done")
def handler(*_):
    ops.relu(x[:8])
    small.forward(other, x[:8])
    attempt("forward", lambda: small.forward(network, x[:8]))
    attempt("train_step", lambda: network.train_step(x[:8], labels[:8], 0, small.OPTIONS))
signal.signal(signal.SIGALRM, handler)
def until(wanted, call):
    heard.clear()
    for _ in range(200):
        signal.setitimer(signal.ITIMER_REAL, 0.005)
        call()
        if wanted <= heard: return True
print(until({"forward refused", "train_step refused"}, lambda: network.train_step(x, labels, 0, small.OPTIONS)))
print(until({"forward done", "train_step refused"}, lambda: small.forward(network, x)))
"""
    assert run(code, timeout=60).split() == ["True", "True"]
