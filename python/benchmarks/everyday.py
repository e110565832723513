"""Rows of the jobs that people come for: each is a script of its own, which writes its quotients to a file."""

import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

from checks import CHECKS, Check
from engines import UnavailableError
from goals import Goal
from machine import package_version

PHOTOGRAPHS = "photographs"  # an argument that stands for the folder of them

FORWARD, LOADER = "share of what decoding and computing allow", "÷ torchvision with PyTorch's loader"
PAIRS, ALL_PAIRS = "lpips' time ÷ ours", "lpips' time ÷ ours, all pairs"
MEMORY = "memory at 4/5 of the images ÷ at 1/5, from "
OCCLUSION = "captum's time ÷ ours, "
ACTORS, TORCH_ACTORS = "actors ÷ one process", "actors ÷ torch's actors"
RANKS, FAST_LINK = "2 ranks ÷ 1 process", "2 ranks, 10 Gbit/s ÷ 1 process"
SLOW_LINK = "2 ranks, 1 Gbit/s, best wire ÷ 1 process"
DDP, FAST_DDP = "2 ranks ÷ PyTorch DDP, gloo", "2 ranks, fast_math ÷ PyTorch DDP, gloo"
SHARDS = "time with 8 shards ÷ without"
READING, READING_MEMORY = "shards ÷ folder, images a second", "memory at all of the images ÷ at 1/5"
EPOCHS = "epochs an hour ÷ those without kept features"


class Script(NamedTuple):
    """A script that measures, its options, and the packages that it compares with."""

    name: str
    options: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    rounds: str = "--rounds"  # the option for how often


def quotients(script: Script, threads: int, rounds: int) -> dict[str, float]:
    """Run a script and return its quotients by name.

    Raises
    ------
    UnavailableError
        A package that it compares with, or the photographs, are not there.
    """
    missing = [package for package in script.peers if package_version(package) is None]
    if missing:
        raise UnavailableError(f"not installed: {', '.join(missing)}")
    if PHOTOGRAPHS in script.options and "SWIFTALEXNET_DATA" not in os.environ:
        raise UnavailableError("no photographs: SWIFTALEXNET_DATA names no folder")
    folder = Path(os.environ.get("SWIFTALEXNET_DATA", "."), "clothing")
    given = [str(folder) if option == PHOTOGRAPHS else option for option in script.options]
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch, "quotients.json")
        command = [sys.executable, str(Path(__file__).with_name(script.name)), *given]
        command += ["--threads", str(threads), script.rounds, str(rounds), "--out", str(out)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found: dict[str, float] = json.loads(out.read_text())["quotients"]
    return found


TORCH = ("torch", "torchvision")
EVERYDAY = (
    Check(
        "features of JPEG files, owt, pool5 and fc7",
        partial(quotients, Script("extraction.py", (PHOTOGRAPHS,), TORCH)),
        (Goal(0.95, FORWARD), Goal(1.3, LOADER)),
    ),
    Check(
        "LPIPS of 256 × 256 images, alex",
        partial(quotients, Script("perceptual.py", peers=(*TORCH, "lpips"))),
        (Goal(2, PAIRS), Goal(20, ALL_PAIRS)),
    ),
    *(
        Check(
            f"occlusion of {network}, windows of {window} pixels, {stride} apart",
            partial(
                quotients,
                Script(
                    "occlusion.py",
                    ("--networks", network, "--window", window, "--stride", stride),
                    (*TORCH, "captum"),
                ),
            ),
            (Goal(3, OCCLUSION + network),),
        )
        for network, window, stride in (("alexnet", "16", "8"), ("vgg16", "32", "16"))
    ),
    Check(
        "features of 100,000 images",
        partial(quotients, Script("features_memory.py")),
        tuple(Goal(1.05, MEMORY + source, at_most=True) for source in ("an iterator", "files")),
    ),
    Check(
        "reading, decoding and cropping from shards",
        partial(quotients, Script("sharded_reading.py")),
        (Goal(1.0, READING), Goal(1.05, READING_MEMORY, at_most=True)),
    ),
    *(
        Check(
            f"fine-tuning on photographs, convolutions frozen, {network}",
            partial(quotients, Script("fine_tuning.py", (PHOTOGRAPHS, "--networks", network, *few), rounds="--epochs")),
            (Goal(10, EPOCHS),),
        )
        for network, few in (("owt", ()), ("vgg-D", ("--share", "8")))
    ),
    Check(
        "classification of JPEG files with Ray, owt",
        partial(quotients, Script("ray_inference.py", (PHOTOGRAPHS,), (*TORCH, "ray"))),
        (Goal(0.9, ACTORS), Goal(1.2, TORCH_ACTORS)),
    ),
    Check(
        "training on two ranks, owt, batch 128",
        partial(quotients, Script("distributed_training.py", peers=("torch", "mpi4py"))),
        (
            Goal(0.97, RANKS),
            Goal(1.5, DDP),
            Goal(1.5, FAST_DDP),
            Goal(0.9, FAST_LINK),
            Goal(0.6, SLOW_LINK),
            Goal(1.08, SHARDS, at_most=True),
        ),
    ),
)
ROWS = (*CHECKS, *EVERYDAY)
