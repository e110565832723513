"""How training scales to 1,024 ranks: measured on a few, checked there, and simulated beyond.

    python scaling.py measure --out scaling.json          about 15 minutes on two cores at rest, as root
    python scaling.py measure --share 16 --repeats 1 --steps 3           does it run? two minutes
    python scaling.py show scaling.json --out scaling.md --figure scaling.png

`measure` profiles the networks, fits the links of shaped network namespaces, and compares forecasts for 2 and 4 hosts
with steps that were measured there (see `cluster_measurements`). `show` simulates, writes tables of the comparison and
of the simulation, and draws the figure.
"""

import argparse
import json
from itertools import product
from pathlib import Path

import numpy as np

from cluster_measurements import emulated_seconds, measured_link, measured_work, real_seconds, steps_alone
from machine import cpu_name
from scaling_page import FITTED, NETWORKS, draw_figure, efficiencies, link_of, page
from simulator import WIRES, Link, Work, step_seconds

FITTED_WIRES = ("float32", "bfloat16")
CHECKED = ((2, 1), (4, 1), (2, 10))  # hosts and Gbit/s
FASTER = (1, 4, 16)  # computers: most that is sent is hidden, half of it, nothing


def main() -> None:
    """Do what the arguments say."""
    arguments = _arguments()
    if arguments.what == "measure":
        measure(arguments)
        return
    measured = json.loads(arguments.measured.read_text())
    curves = efficiencies(measured)
    found = page(measured, curves)
    print(found)
    if arguments.out:
        arguments.out.write_text(found)
    if arguments.figure:
        draw_figure(measured, curves, arguments.figure)


def measure(arguments: argparse.Namespace) -> None:
    """Measure what the simulator needs, and what it is checked with; the file is written after each part."""
    share, threads, repeats = arguments.share, arguments.threads, arguments.repeats
    checks: list[dict] = []
    found = {"cpu": cpu_name(), "threads": threads, "works": {}, "steps": [], "links": {}, "checks": checks}

    def note(what: str, part: object) -> None:
        print(f"{what}: {part}", flush=True)
        arguments.out.write_text(json.dumps(found, indent=1) + "\n")

    for name, (variant, images) in NETWORKS.items():
        found["works"][name] = measured_work(variant, images // share, threads, repeats)
        note(name, found["works"][name])
    found["steps"] = steps_alone(NETWORKS["AlexNet"][1] // share, threads, arguments.steps)
    note("steps", found["steps"])
    for rate in FITTED:
        found["links"][str(rate)] = {wire: measured_link(rate, wire, repeats) for wire in FITTED_WIRES}
        note(f"links of {rate} Gbit/s", found["links"][str(rate)])
    for (hosts, rate), wire, faster in product(CHECKED, WIRES, FASTER):
        work = found["works"]["AlexNet"].faster(faster)
        seconds = emulated_seconds(work, hosts, rate, wire, min(repeats, 3))
        asleep = link_of(found, rate, wire)._replace(processor=0.0)  # which costs sleeping ranks no time
        checks.append(_checked(f"sleep, {faster} ×", hosts, rate, wire, seconds, work, asleep))
        note("forecast", checks[-1])
    batch = 128 // share
    half = measured_work("owt", batch // 2, 1, repeats, processes=2)
    for wire in WIRES:
        seconds = real_seconds(batch, 1, wire, 2 * repeats)
        checks.append(_checked("training", 2, 1, wire, seconds, half, link_of(found, 1, wire)))
        note("forecast", checks[-1])


def _checked(computing: str, hosts: int, rate: int, wire: str, seconds: float, work: Work, link: Link) -> dict:
    forecast = float(step_seconds(work, hosts, link, wire, np.ones((5, hosts))).mean())
    row = {"computing": computing, "hosts": hosts, "Gbit/s": rate, "wire": wire, "images a host": work.images}
    return row | {"alone": work.seconds, "measured": seconds, "forecast": forecast}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words = parser.add_subparsers(dest="what", required=True)
    measuring = words.add_parser("measure", help="profile, fit and check on this machine")
    measuring.add_argument("--threads", type=int, default=2)
    measuring.add_argument("--share", type=int, default=1, metavar="N", help="one in N images of a batch")
    measuring.add_argument("--repeats", type=int, default=5, help="of what medians are taken of")
    measuring.add_argument("--steps", type=int, default=40, help="of one process, for their spread")
    measuring.add_argument("--out", type=Path, default=Path("scaling.json"))
    showing = words.add_parser("show", help="simulate, print tables, draw")
    showing.add_argument("measured", type=Path)
    showing.add_argument("--out", type=Path, help="the page of tables")
    showing.add_argument("--figure", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
