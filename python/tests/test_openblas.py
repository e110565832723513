"""OpenBLAS: loaded when a product first needs it; if it is missing, not used, or refused if asked for."""

import ctypes

import numpy as np
import pytest
from c_libraries import compile_library
from fresh_process import run

# What a user runs: a product with its right value.
PRODUCT = """
import numpy as np, swiftalexnet as sa
def product():
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    w = np.arange(20, dtype=np.float32).reshape(5, 4)
    return np.array_equal(sa.ops.dense(x, w), x @ w.T)
"""
MISSING = {"SWIFTALEXNET_OPENBLAS": "/nowhere/libopenblas.so.0"}
PORTABLE = {"SWIFTALEXNET_ISA": "portable"}
WISHED = {"SWIFTALEXNET_GEMM": "openblas"}


@pytest.fixture
def installed():
    """Skip if the system has no OpenBLAS."""
    try:
        ctypes.CDLL("libopenblas.so.0")
    except OSError:
        pytest.skip("OpenBLAS is not installed: apt-get install libopenblas0")


@pytest.mark.parametrize("environment", [{}, PORTABLE, WISHED, PORTABLE | WISHED])
def test_nothing_is_loaded_before_the_first_product(environment):
    code = f"""
import os, numpy
def state():
    maps = open("/proc/self/maps").read().split()
    return len(os.listdir("/proc/self/task")), {{path for path in maps if "openblas" in path}}
before = state()
{PRODUCT}
sa.__version__, sa.get_num_threads(), sa.variants(), sa.cifar_net("80sec"), sa.ops.relu(np.float32([1]))
assert state() == before, (before, state())
assert product()
print(state() == before)
"""
    # The engine's own threads are off. Where numpy has the system's library, a product loads nothing new.
    changed = run(code, SWIFTALEXNET_NUM_THREADS="1", **environment) == "False"
    assert not changed or environment


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("environment", [PORTABLE, WISHED, PORTABLE | WISHED])
def test_it_multiplies_where_it_is_needed(environment):
    code = f"{PRODUCT}\nprint(sa.info()['gemm'], product())"
    assert run(code, **environment) == "openblas True"


@pytest.mark.usefixtures("installed")
def test_it_agrees_with_the_engine():
    code = """
import sys, numpy as np, swiftalexnet as sa
x = np.random.default_rng(0).random((2, 3, 24, 24), np.float32)
model = sa.cifar_net("conv-local-13pct", seed=1)
sys.stdout.write(" ".join(str(float(v)) for v in model.forward(x).ravel()))
"""
    own, library = (np.array(run(code, SWIFTALEXNET_GEMM=gemm).split(), float) for gemm in ("swift", "openblas"))
    np.testing.assert_allclose(library, own, rtol=1e-4, atol=1e-5 * abs(own).max())


def test_portable_kernels_do_without():
    assert run(f"{PRODUCT}\nprint(product(), sa.info()['gemm'])", **PORTABLE, **MISSING) == "True swift"


@pytest.mark.parametrize("environment", [WISHED, PORTABLE | WISHED])
def test_openblas_that_cannot_be_loaded_is_refused(environment):
    code = f"""
{PRODUCT}
model = sa.cifar_net("80sec")
x = np.zeros((1, 3, 32, 32), np.float32)
for attempt in (
    sa.info, product, lambda: model.forward(x), lambda: model.predict(np.zeros((32, 32, 3), np.uint8)),
    lambda: model.train_step(x, [0]), lambda: model.memory(1), lambda: sa.ops.conv2d(x, np.zeros((2, 3, 1, 1), "f")),
):
    try:
        attempt()
        print("no error")
    except sa.UnsupportedError as error:
        text = str(error)
        assert "SWIFTALEXNET_GEMM=openblas" in text and "/nowhere/libopenblas.so.0" in text
        assert "apt-get install libopenblas0" in text and "SWIFTALEXNET_GEMM=swift" in text
assert sa.ops.relu(np.float32([-1, 2])).tolist() == [0, 2]
"""
    assert run(code, **environment, **MISSING) == ""


def test_another_library_is_refused(tmp_path):
    text = tmp_path / "libopenblas.so.0"
    text.write_text("no library")
    code = f"{PRODUCT}\ntry: product()\nexcept sa.UnsupportedError as error: print(error)"
    for path in (tmp_path, text, "libm.so.6", "no such library"):
        assert str(path) in run(code, **WISHED, SWIFTALEXNET_OPENBLAS=str(path))


@pytest.mark.usefixtures("installed")
def test_threads_that_load_it_at_once():
    code = f"""
import threading
{PRODUCT}
answers, start = [], threading.Barrier(8)
def work():
    start.wait()
    answers.append(product())
workers = [threading.Thread(target=work) for _ in range(8)]
for worker in workers: worker.start()
for worker in workers: worker.join()
print(answers.count(True))
"""
    assert run(code, **WISHED) == "8"


@pytest.fixture
def slow_library(tmp_path):
    """A library with one function that is slow to load, like OpenBLAS when it starts threads."""
    return compile_library(
        tmp_path,
        """
#include <pthread.h>
#include <unistd.h>
static int started;
static void nothing(void) {}
__attribute__((constructor)) static void start(void) {
  usleep(300000);
  pthread_atfork(nothing, nothing, nothing);  // as OpenBLAS does
  started = 1;
}
const char *openblas_get_config(void) { return "slow"; }
void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
                 int ldb, float beta, float *c, int ldc) {
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++) {
      float sum = 0;
      for (int p = 0; p < k; p++)
        sum += a[ta == 112 ? p * lda + i : i * lda + p] * b[tb == 112 ? j * ldb + p : p * ldb + j];
      c[i * ldc + j] = started * alpha * sum + (beta == 0 ? 0 : beta * c[i * ldc + j]);
    }
}
""",
    )


def test_a_fork_while_another_thread_loads_it(slow_library):
    """The fork waits until the library is loaded, so the child computes and does not hang."""
    code = f"""
import os, signal, threading, time
{PRODUCT}
sa.ops.relu(np.float32([1]))  # what is imported late is in place
worker = threading.Thread(target=product)
worker.start()
time.sleep(float(os.environ["DELAY"]))
child = os.fork()
if child == 0:
    signal.alarm(20)
    os._exit(0 if product() else 1)
worker.join()
print(os.waitpid(child, 0)[1], product())
"""
    for milliseconds in (0, 1, 20, 100):
        environment = {"DELAY": str(milliseconds / 1000), "SWIFTALEXNET_OPENBLAS": slow_library} | WISHED
        assert run(code, **environment) == "0 True"
