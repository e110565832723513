"""From the first step of a run to the last, with checkpoints."""

from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

from ..distributed.team import Team
from ..errors import NonFiniteError
from .checkpoint import Checkpoint
from .checkpoint_pace import CheckpointEvery, Pace
from .run import Run
from .watch import Showing, Watch


def train(
    run: Run,
    store: Checkpoint | None,
    every: CheckpointEvery,
    showing: Showing,
    on_epoch_end: Callable[[dict[str, Any]], object] | None,
    non_finite: str,
    team: Team,
) -> None:
    """Train to the last epoch, with checkpoints; an epoch is written before it is shown.

    In a team rank 0 writes and shows, and all leave together: with the same exception, if there is one, and after the
    last checkpoint has been written.
    """
    writer = _Writer(run, store if team.leads else None, team)
    pace = Pace(writer.write, every) if store and (team.leads or run.plan.towers) else None
    with Watch(run, showing if team.leads else False) as watch:
        try:
            with suppress(NonFiniteError) if non_finite == "stop" else nullcontext(), team.telling():
                while run.state.epoch < run.epochs:
                    for count in run.steps():
                        if pace:
                            pace.after_step(run.step)
                        watch.after_step(count)
                    row = run.finish_epoch()
                    if pace:
                        pace.after_epoch()
                    watch.after_epoch(row)
                    if on_epoch_end is not None:
                        team.doing("in on_epoch_end")
                        on_epoch_end(dict(row))
            with team.telling():
                writer.write()
                team.agree()
        except BaseException as error:
            if run.step and writer.write_after(error):
                watch.say(f"stopped: the run so far is in {writer.path}")
            team.part()
            raise


class _Writer:
    """Writes the checkpoint, if there is one to be written by this process; towers bring their weights before it."""

    def __init__(self, run: Run, store: Checkpoint | None, team: Team):
        self._run, self._store, self._team = run, store, team
        self.path = store and store.path

    def write(self) -> None:
        """Write; the other ranks wait for it as long as it takes."""
        self._run.collect()
        if self._store is not None:
            self._team.doing("writing the checkpoint", for_all=True)
            self._store.write()
            self._team.doing("reading images")

    def write_after(self, end: BaseException) -> bool:
        """Write a last checkpoint; if that fails, the caller still sees the original exception, with a note."""
        try:
            self.write()
        except (OSError, ValueError, MemoryError, NonFiniteError) as error:
            end.add_note(f"fit: the checkpoint could not be written: {error}")
            return False
        return self._store is not None
