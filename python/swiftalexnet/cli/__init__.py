"""The command `swiftalexnet`: train, resume, evaluate, predict, cache, colors, kernels, panel, info and more.

Exit status: 0, all was done. 1, the work was done but for something that a message names: images that `predict` had to
leave out, or results that standard output could not take. 2, refused or failed, with a line that says why. 130, stopped
by Ctrl-C (143 by SIGTERM, 129 by SIGHUP); what `train` had learned is kept. Anything else that is raised is a defect
and shows its traceback.

Results go to standard output, everything else to standard error. Progress is a courtesy: where it cannot be shown, the
work goes on.
"""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout

import swiftalexnet as sa

from . import signals
from .commands import parse
from .output import DONE, FAILED, PARTLY, NotWritten, Output, complain, describe, hold_descriptors, plain_warnings

_USER_ERRORS = (ValueError, TypeError, OSError, MemoryError, ImportError, NotImplementedError, ArithmeticError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; help, version and unknown options raise SystemExit."""
    hold_descriptors()
    try:
        options = parse(sys.argv[1:] if arguments is None else list(arguments))
        if options.threads is not None:
            sa.set_num_threads(options.threads)
        output = Output(sys.stdout, options)
        # What is printed during the work is not a result.
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
