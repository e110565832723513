"""Environment variables: used, or reported as invalid."""

import fresh_process
import pytest

COUNT = "import swiftalexnet as sa; print(sa.get_num_threads())"
WARNED = """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import swiftalexnet as sa
    sa.get_num_threads(), sa.info(), sa.alexnet("owt", 2, image_size=64)
print(*[f"{each.category.__name__}: {each.message}" for each in caught], sep="\\n")
"""


@pytest.mark.parametrize("nonsense", ["xyz", "0", "-1", "2.5", " 2", "1_0", "٢", "9" * 20])
def test_an_invalid_number_of_threads_is_reported_once(nonsense):
    answer = fresh_process.run(WARNED, SWIFTALEXNET_NUM_THREADS=nonsense)
    assert answer == (
        f"UserWarning: SWIFTALEXNET_NUM_THREADS is {nonsense!r}, expected an integer of at least 1: it is ignored"
    )
    assert int(fresh_process.run(COUNT, SWIFTALEXNET_NUM_THREADS=nonsense)) >= 1


@pytest.mark.parametrize("wish", ["", "1", "+1", "01", "999"])
def test_a_number_of_threads(wish):
    assert fresh_process.run(WARNED, SWIFTALEXNET_NUM_THREADS=wish) == ""
    count = int(fresh_process.run(COUNT, SWIFTALEXNET_NUM_THREADS=wish))
    assert count == 1 or wish in ("", "999")


def test_the_first_number_of_openmps_list_counts():
    assert fresh_process.run(COUNT, OMP_NUM_THREADS="1,4", SWIFTALEXNET_NUM_THREADS="") == "1"


def test_nothing_else_in_the_environment_is_ignored():
    for name in ("SWIFTALEXNET_ISA", "SWIFTALEXNET_GEMM"):
        code = """
import numpy as np
import swiftalexnet as sa
model, x = sa.alexnet("owt", 2, image_size=64), np.zeros((1, 3, 64, 64), np.float32)
for call in (lambda: sa.info(), lambda: model.forward(x)):
    try:
        call()
        print("accepted")
    except sa.UnsupportedError as error:
        print(error)
"""
        answers = fresh_process.run(code, **{name: "xyz"}).splitlines()
        assert all(f"{name}: got 'xyz'" in answer for answer in answers) and len(answers) == 2
