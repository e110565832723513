"""A child of a fork can use the package, whatever another thread of its parent was importing."""

import fresh_process
import pytest
from c_libraries import compile_library

WORK = """
import os, signal, sys, threading, time
import numpy as np
from PIL import Image
import swiftalexnet as sa

LABELS = [0, 1] * 4

def work(folder):
    os.makedirs(folder, exist_ok=True)
    images = np.zeros((8, 32, 32, 3), np.uint8)
    images[::2, :, :, 0] = 200
    for number, image in enumerate(images[:4]):
        for kind in ("png", "jpg"):
            os.makedirs(f"{folder}/photos/{number % 2}", exist_ok=True)
            Image.fromarray(image).save(f"{folder}/photos/{number % 2}/{number}.{kind}")
    data, photos = sa.ArrayDataset(images, LABELS), sa.ImageFolder(f"{folder}/photos")
    model = sa.cifar_net("80sec", num_classes=2)
    history = model.fit(data, data, recipe=sa.recipe("cifar-80sec", epochs=1), checkpoint=f"{folder}/run")
    history.to_csv(f"{folder}/history.csv")
    model.save(f"{folder}/model")
    sa.load(f"{folder}/model").predict([f"{folder}/photos/0/0.jpg"])
    model.evaluate(data, progress=True)
    model.features(images, ["conv1"])
    model.fit(photos, recipe=sa.recipe("cifar-80sec", epochs=1))
    photos.cache_to(f"{folder}/cache", side=32)
    sa.Ensemble([model]).evaluate(data)
    repr(model.summary()), repr(model.memory(3)), repr(sa.info()), repr(history), repr(sa.recipe())
    model.summary()._repr_html_()
    try:
        sa.recipe("papper")
    except ValueError:
        pass
"""

FORK = (
    WORK
    + """
thread = threading.Thread(target=work, args=(sys.argv[1] + "/thread",))
thread.start()
time.sleep(float(sys.argv[2]))
child = os.fork()
if child == 0:
    signal.alarm(60)
    work(sys.argv[1] + "/child")
    os._exit(0)
_, status = os.waitpid(child, 0)
thread.join()
print("status", status)
"""
)


@pytest.mark.parametrize("delay", [0.0, 0.03, 0.1, 0.25])
def test_a_child_works_while_another_thread_used_the_package_for_the_first_time(delay, tmp_path):
    """Most of these hung on the lock of a module that the thread was importing."""
    assert fresh_process.run(FORK, str(tmp_path), str(delay), timeout=150).endswith("status 0")


@pytest.fixture
def slow_locks(tmp_path):
    """A library which makes every thread but the first hold the extension's mutexes a millisecond longer."""
    return compile_library(
        tmp_path,
        """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
int pthread_mutex_unlock(pthread_mutex_t *mutex) {
  Dl_info caller;
  if (syscall(SYS_gettid) != getpid() && dladdr(__builtin_return_address(0), &caller) && caller.dli_fname &&
      strstr(caller.dli_fname, "_native"))
    usleep(1000);
  return ((int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_unlock"))(mutex);
}
""",
        "-ldl",
    )


FORKS = """
import os, signal, threading, time
import numpy as np
import swiftalexnet as sa

def work():
    images = np.zeros((2, 32, 32, 3), np.uint8)
    model = sa.cifar_net("80sec", num_classes=2)
    model.fit(sa.ArrayDataset(images, [0, 1]), recipe=sa.recipe("cifar-80sec", epochs=1), progress=False)
    model.predict(images)

thread = threading.Thread(target=work)
thread.start()
waiting, end = os.pipe()
children = []
while thread.is_alive() and len(children) < 40:
    if (child := os.fork()) == 0:
        signal.alarm(40)
        os.close(end)
        os.read(waiting, 1)  # until the parent has closed the other end
        work()
        os._exit(0)
    children.append(child)
    time.sleep(0.002)
thread.join()
os.close(end)
print({os.waitpid(child, 0)[1] for child in children})
"""


def test_no_lock_of_the_swift_runtime_is_held_at_a_fork(slow_locks):
    """A child's first use of a type waited forever if another thread was making that type at the fork."""
    assert fresh_process.run(FORKS, LD_PRELOAD=slow_locks, timeout=120) == "{0}"


IMPORTED = (
    WORK
    + """
from swiftalexnet._support import forking
leave = threading.Event()
threading.Thread(target=leave.wait).start()
forking.import_late_modules()
leave.set()
before = set(sys.modules)
work(sys.argv[1])
print("later:", sorted(set(sys.modules) - before))
"""
)


def test_nothing_is_imported_later(tmp_path):
    assert fresh_process.run(IMPORTED, str(tmp_path)).endswith("later: []")


REGISTERING = (
    WORK
    + """
from swiftalexnet._support import forking
leave = threading.Event()
threading.Thread(target=leave.wait).start()
registered = []
os.register_at_fork = lambda **handlers: registered.append(handlers)
forking.import_late_modules()
leave.set()
print([name for name in ("sklearn", "matplotlib", "pandas", "h5py") if name in sys.modules])
print([handlers for handlers in registered if set(handlers) != {"after_in_child"}])
"""
)


def test_what_a_fork_imports_registers_no_handlers_before_forks():
    """A handler that is registered while a fork is under way is called after it, but not before."""
    assert fresh_process.run(REGISTERING) == "[]\n[]"


ALONE = """
import os, sys
import swiftalexnet
before = set(sys.modules)
if (child := os.fork()) == 0:
    os._exit(len(set(sys.modules) - before))
print(os.waitpid(child, 0)[1])
"""


def test_a_process_of_one_thread_imports_nothing():
    assert fresh_process.run(ALONE) == "0"


OPTIONAL = """
import os, sys, threading, time, types
from swiftalexnet._support import optional
def slow(name, path=None, target=None):
    if name == "slow_module":
        entered.set()
        time.sleep(0.5)
    return None
entered = threading.Event()
sys.meta_path.insert(0, types.SimpleNamespace(find_spec=slow))
def ask():
    try:
        optional.require("slow_module", "extra", "op")
    except ImportError:
        pass
thread = threading.Thread(target=ask)
thread.start()
entered.wait()
if (child := os.fork()) == 0:
    import signal
    signal.alarm(20)
    ask()
    os._exit(0)
print(os.waitpid(child, 0)[1])
"""


def test_a_fork_waits_for_the_import_of_an_optional_package():
    assert fresh_process.run(OPTIONAL) == "0"
