"""Cases with a fault of each kind, by number, in the place of the fuzzer's own: see `fuzz.worker`."""

import os
import time

from fuzz.cases import Outcome

SOUND, DEATH, BUSY, WAITING, EXIT, SPOILT = range(6)


def run(seed: int, number: int) -> Outcome:
    """Do what the number says."""
    if number == DEATH:
        os.abort()
    while number == BUSY:
        pass
    if number == WAITING:
        time.sleep(1000)
    if number == EXIT:
        os._exit(0)
    return Outcome(f"case {number} of seed {seed}", "done", None, spoilt=number == SPOILT)
