"""The command `swiftalexnet`: train, resume, evaluate, predict, cache, colors, kernels, panel, info and more.

Exit status: 0, success. 1, partial success, and a message names what is missing: images that `predict` skipped, or
results that could not be written to standard output. 2, refused or failed, with one line that says why. 130, stopped by
Ctrl-C (143 by SIGTERM, 129 by SIGHUP); `train` keeps its run. Any other exception is a defect and shows its traceback.

Results go to standard output, everything else to standard error. Progress is optional: if it cannot be shown, the
command continues.
"""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout

import swiftalexnet as sa

from .._support.shown import describe
from . import signals
from .commands import parse
from .output import DONE, FAILED, PARTLY, NotWritten, Output, complain, hold_descriptors, plain_warnings

_USER_ERRORS = (ValueError, TypeError, OSError, MemoryError, ImportError, NotImplementedError, ArithmeticError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; help, version and unknown options raise SystemExit."""
    hold_descriptors()
    try:
        options = parse(sys.argv[1:] if arguments is None else list(arguments))
        if options.threads is not None:
            sa.set_num_threads(options.threads)
        output = Output(sys.stdout, options)
        # Anything printed while the command runs is not a result.
        with plain_warnings(), signals.as_interrupts(), redirect_stdout(sys.stderr):
            return options.run(options, output) or DONE
    except KeyboardInterrupt as interrupt:
        complain("interrupted", interrupt)
        return signals.status(interrupt)
    except NotWritten as error:
        if error.unwanted:
            return DONE
        complain("the result could not be written to standard output")
        return PARTLY
    except _USER_ERRORS as error:
        complain(describe(error), error)
        return FAILED
