"""Memory that is used again."""

import numpy as np

from swiftalexnet.distributed.spare import Spare


def test_memory_is_used_again_by_arrays_that_fit():
    spare = Spare()
    with spare.array(100, np.float32) as large, spare.array(10, np.float32) as small:
        assert large.shape == (100,)
        assert small.dtype == np.float32
        assert not np.shares_memory(large, small)
    with spare.array(7, np.uint8) as again:
        assert np.shares_memory(again, small)
        assert not np.shares_memory(again, large)
    with spare.array(50, np.float32) as again:
        assert again.shape == (50,)
        assert np.shares_memory(again, large)


def test_an_array_larger_than_what_is_free_gets_new_memory():
    spare = Spare()
    with spare.array(10, np.float32) as small:
        pass
    with spare.array(11, np.float32) as large:
        assert not np.shares_memory(large, small)
