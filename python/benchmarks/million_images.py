"""ImageNet's size, as far as it goes on one machine: an index of 1,281,167 images, and a long run with many kills.

    python million_images.py OUT                 2,000 steps of `paper` at batch 128 on 100,000 images, about an hour
    python million_images.py OUT --images 1000 --steps 20 --compared 5 --variant owt --batch-size 4     to try it

1. Shards of as many images as ImageNet has, which need not exist: the time to make their index, its size and memory,
   the time of an epoch's permutation, and of reading headers at random.
2. Shards of 100,000 images in OUT/shards, written once.
3. A reference without a disturbance: so many steps (`--compared`) in a process of its own.
4. The same steps by processes that are killed (SIGKILL) at random moments, twenty seconds apart on average, and resumed
   from checkpoints of every fifth step. The weights must be the reference's, bit for bit.
5. The run: all steps, with kills.

A repeated command goes on where it ended; another one needs another OUT. OUT/results.json has what was measured,
and what 90 epochs of ImageNet would take at this rate: an extrapolation.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import generated_shards
import swiftalexnet as sa
from features_memory import resident
from machine import cpu_name
from swiftalexnet._support.digests import weights_digest
from swiftalexnet._support.native_arguments import StepOptions
from swiftalexnet.data.order import shuffled

IMAGENET, EPOCHS = 1_281_167, 90
RESULTS = "results.json"
_OFTEN = 20.0  # seconds


def main() -> None:
    """Do all five, or, in a process of its own, train."""
    given = _arguments()
    sa.set_num_threads(given.threads)
    if given.train:
        train(given)
        return
    given.out.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {"machine": cpu_name(), "threads": given.threads}
    if not given.without_index:
        results["index"] = index_of_imagenet(given.out)
        print(json.dumps(results["index"], indent=1), flush=True)
    began = time.perf_counter()
    written = sa.write_shards(generated_shards.GeneratedImages(given.images), given.out / "shards", order="stored")
    results["writing"] = {
        "images": written.images,
        "seconds": time.perf_counter() - began,
        "pattern": Path(written.pattern).name,
    }
    reference = run(given, "reference", given.compared)
    print(json.dumps(reference, indent=1), flush=True)
    often = run(given, "often", given.compared, _OFTEN, checkpoint_every=5)
    print(json.dumps(often, indent=1), flush=True)
    killed = run(given, "killed", given.steps, given.seconds_between_kills)
    same = often["kills"] > 0 and often["digests"] == reference["digests"]
    results |= {"reference": reference, "killed often": often, "killed": killed, "same bits": same}
    results["extrapolation"] = extrapolation(killed, given.batch_size)
    (given.out / RESULTS).write_text(json.dumps(results, indent=1))
    print(json.dumps(results, indent=1))
    if not same:
        raise SystemExit("the weights differ from those of the run without kills, or nothing was killed")


def index_of_imagenet(out: Path) -> dict[str, float]:
    """Make the index of as many images as ImageNet has, and draw from it."""
    before = resident()[0]
    names, opener = generated_shards.names(IMAGENET), generated_shards.opener(IMAGENET)
    path, began = out / "imagenet.index", time.perf_counter()
    data = sa.ShardedDataset(names, opener=opener, index=path, rescan=True)
    made = time.perf_counter() - began
    del data
    began = time.perf_counter()
    data = sa.ShardedDataset(names, opener=opener, index=path)
    opened = time.perf_counter() - began
    began = time.perf_counter()
    order = shuffled(len(data), 0, 0)
    drawn = time.perf_counter() - began
    began = time.perf_counter()
    for index in order[:10_000]:
        data.name(index)
    return {
        "images": len(data),
        "seconds to make": made,
        "seconds to open and check": opened,
        "file, MB": path.stat().st_size / 1e6,
        "resident memory, MB more": resident()[0] - before,
        "seconds of a permutation": drawn,
        "headers at random, a second": 10_000 / (time.perf_counter() - began),
    }


def run(
    given: argparse.Namespace, name: str, steps: int, seconds_between_kills: float = 0, checkpoint_every: int = 25
) -> dict[str, Any]:
    """Train in processes of their own until all steps are done; return what their log says."""
    folder, chance = given.out / name, random.Random(given.seed)
    folder.mkdir(exist_ok=True)
    command = [sys.executable, *sys.argv, "--train", str(folder), "--until", str(steps)]
    command += ["--checkpoint-every", str(checkpoint_every)]
    while not (folder / "done").exists():
        with subprocess.Popen(command) as process:
            try:
                process.wait(chance.expovariate(1 / seconds_between_kills) if seconds_between_kills else None)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                with (folder / "log").open("a") as log:
                    log.write('\n{"killed": true}\n')
        if process.returncode not in (0, -signal.SIGKILL):
            raise SystemExit(f"the run ended with {process.returncode}")
    rows = [json.loads(line) for line in (folder / "log").read_text().splitlines() if line.endswith("}")]
    times = sorted(row["seconds"] for row in rows if "seconds" in row)
    memory = [row["memory"] for row in rows if "memory" in row]
    return {
        "steps": steps,
        "kills": sum("killed" in row for row in rows),
        "steps computed": len(times),
        "seconds_per_step": times[len(times) // 2] if times else None,
        "seconds_of_all_steps": sum(times),
        "resident MB, least and most": [min(memory), max(memory)] if memory else None,
        "digests": {str(row["step"]): row["digest"] for row in rows if "digest" in row},
    }


class Enough(Exception):  # noqa: N818 (no error)
    """All steps are done."""


class Watched:
    """A network that writes a log of its steps, and refuses the one after the last."""

    def __init__(self, network: Any, given: argparse.Namespace):
        self._network, self._given, self._began = network, given, 0.0
        self._log = (given.train / "log").open("a", buffering=1)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def train_step_images(self, *arguments: Any) -> Any:
        """Take a step."""
        step = next(each.step for each in arguments if isinstance(each, StepOptions))
        if self._began:
            self._write(step=step, seconds=time.perf_counter() - self._began, memory=resident()[0])
        if step in (self._given.compared, self._given.until):
            self._write(step=step, digest=self._digest())
        if step >= self._given.until:
            raise Enough
        self._began = time.perf_counter()
        return self._network.train_step_images(*arguments)

    def _digest(self) -> str:
        return weights_digest(self._given.model.parameters())

    def _write(self, **row: Any) -> None:
        self._log.write(f"{json.dumps(row)}\n")


def train(given: argparse.Namespace) -> None:
    """Train, or go on, until all steps are done."""
    data = sa.ShardedDataset(sorted((given.out / "shards").glob("*.tar")))
    given.model = model = sa.alexnet(given.variant, num_classes=generated_shards.CLASSES)
    model._network = Watched(model.network, given)
    recipe = sa.recipe("paper", batch_size=given.batch_size, schedule=sa.ConstantSchedule())
    options = {"checkpoint": given.train, "checkpoint_every": given.checkpoint_every, "resume": True, "progress": False}
    try:
        model.fit(data, epochs=EPOCHS, recipe=recipe, precision=given.precision, **options)
    except Enough:
        (given.train / "done").touch()


def extrapolation(run: dict[str, Any], batch_size: int) -> dict[str, float]:
    """Return what the 2012 paper's training would take at this rate; nobody has waited for it.

    Validation is left out, and of eight machines it is assumed that they reach nine tenths of eight times one's speed.
    """
    steps = EPOCHS * (IMAGENET / batch_size)
    hours = steps * run["seconds_per_step"] / 3600
    return {
        "steps of 90 epochs": steps,
        "days on this machine": hours / 24,
        "days on 8 like it, at 90 %": hours / 24 / 8 / 0.9,
        "hours of a machine": hours,
        "the same with these kills": hours * run["seconds_of_all_steps"] / run["seconds_per_step"] / run["steps"],
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--compared", type=int, default=100)
    parser.add_argument("--variant", default="paper")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--seconds-between-kills", type=float, default=120)
    parser.add_argument("--checkpoint-every", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help="of the kills")
    parser.add_argument("--without-index", action="store_true", help="leave out the first part")
    parser.add_argument("--threads", type=int, default=sa.get_num_threads())
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--until", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
