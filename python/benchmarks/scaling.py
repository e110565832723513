"""How training scales to 1,024 ranks: measured on a few, checked there, and simulated beyond.

    python scaling.py measure --out scaling.json          about 25 minutes on two cores at rest, as root
    python scaling.py measure --quick --out quick.json    does it run? two minutes
    python scaling.py show scaling.json --out scaling.md --figure scaling.png

`measure` profiles the networks, fits the links of shaped network namespaces, and compares forecasts for 2 and 4 hosts
with steps that were measured there (see `cluster_measurements`). `show` simulates, writes tables of the comparison and
of the simulation, and draws the figure.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from cluster_measurements import emulated_seconds, measured_link, measured_work, real_seconds, steps_alone
from machine import cpu_name
from scaling_page import FITTED, NETWORKS, draw_figure, efficiencies, page
from simulator import Link, Work, step_seconds

FITTED_WIRES = ("float32", "bfloat16")
CHECKED = ((2, 1), (4, 1), (2, 10))  # hosts and Gbit/s


def main() -> None:
    """Do what the arguments say."""
    arguments = _arguments()
    if arguments.what == "measure":
        arguments.out.write_text(json.dumps(measure(arguments), indent=1) + "\n")
        return
    measured = json.loads(arguments.measured.read_text())
    curves = efficiencies(measured)
    found = page(measured, curves)
    print(found)
    if arguments.out:
        arguments.out.write_text(found)
    if arguments.figure:
        draw_figure(measured, curves, arguments.figure)


def measure(arguments: argparse.Namespace) -> dict:
    """Measure what the simulator needs, and what it is checked with."""
    share, repeats, steps, threads = (16, 1, 3, arguments.threads) if arguments.quick else (1, 5, 40, arguments.threads)
    sizes = {name: (variant, images // share) for name, (variant, images) in NETWORKS.items()}
    works = {name: measured_work(*each, threads, repeats) for name, each in sizes.items()}
    _say("layers", works)
    found = {"cpu": cpu_name(), "threads": threads, "works": works}
    found["steps"] = steps_alone(sizes["AlexNet"][1] // 2, threads, steps)
    _say("steps", found["steps"])
    links = {str(rate): {wire: measured_link(rate, wire, repeats) for wire in FITTED_WIRES} for rate in FITTED}
    _say("links", links)
    found |= {"links": links, "checks": []}
    for hosts, rate in CHECKED:
        for wire in FITTED_WIRES:
            seconds = emulated_seconds(works["AlexNet"], hosts, rate, wire, min(repeats, 3))
            asleep = links[str(rate)][wire]._replace(processor=0.0)  # sleep can be taken no time from
            found["checks"].append(_checked("sleep", hosts, rate, wire, seconds, works["AlexNet"], asleep))
    batch = 128 // share
    work = measured_work("owt", batch // 2, 1, repeats, processes=2)
    for wire in FITTED_WIRES:
        seconds = real_seconds(batch, 1, wire, 2 * repeats)
        found["checks"].append(_checked("training", 2, 1, wire, seconds, work, links["1"][wire]))
    return found


def _checked(computing: str, hosts: int, rate: int, wire: str, seconds: float, work: Work, link: Link) -> dict:
    forecast = float(step_seconds(work, hosts, link, wire, np.ones((5, hosts))).mean())
    row = {"computing": computing, "hosts": hosts, "Gbit/s": rate, "wire": wire, "images a host": work.images}
    row |= {"alone": work.seconds, "measured": seconds, "forecast": forecast}
    _say("check", row)
    return row


def _say(what: str, found: object) -> None:
    print(f"{what}: {found}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words = parser.add_subparsers(dest="what", required=True)
    measuring = words.add_parser("measure", help="profile, fit and check on this machine")
    measuring.add_argument("--threads", type=int, default=2)
    measuring.add_argument("--quick", action="store_true", help="a sixteenth of the images, few repeats")
    measuring.add_argument("--out", type=Path, default=Path("scaling.json"))
    showing = words.add_parser("show", help="simulate, print tables, draw")
    showing.add_argument("measured", type=Path)
    showing.add_argument("--out", type=Path, help="the page of tables")
    showing.add_argument("--figure", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
