"""How training scales to 1,024 ranks: measured on a few, checked there, and simulated beyond.

    python scaling.py measure --out scaling.json          about 25 minutes on two cores at rest, as root
    python scaling.py measure --quick --out quick.json    does it run? two minutes
    python scaling.py show scaling.json --figure scaling.png

`measure` profiles the networks, fits the links of shaped network namespaces, and compares forecasts for 2 and 4 hosts
with steps that were measured there (see `cluster_measurements`). `show` prints tables of the comparison and of the
simulation, and draws the figure.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from cluster_measurements import at_rate, emulated_seconds, measured_link, measured_work, real_seconds, steps_alone
from machine import cpu_name
from simulator import WIRES, Link, Work, as_work, draw, efficiency, step_seconds

NETWORKS = {"AlexNet": ("owt", 256), "VGG-16": ("vgg-D", 64)}  # and images a rank
RATES = (1, 10, 25)  # Gbit/s
FITTED = RATES[:2]
FITTED_WIRES = ("float32", "bfloat16")
RANKS = tuple(2**power for power in range(3, 11))
CHECKED = ((2, 1), (4, 1), (2, 10))  # hosts and Gbit/s
STEPS = 40  # simulated
FAST = 16  # times the speed of the computer that was measured: one of 32 such cores


def main() -> None:
    """Do what the arguments say."""
    arguments = _arguments()
    if arguments.what == "measure":
        arguments.out.write_text(json.dumps(measure(arguments), indent=1) + "\n")
        return
    measured = json.loads(arguments.measured.read_text())
    print("\n\n".join([check_table(measured), *(scaling_table(measured, name) for name in NETWORKS)]))
    if arguments.figure:
        draw_figure(measured, arguments.figure)


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


def check_table(measured: dict) -> str:
    """Return forecasts beside measured steps as a Markdown table."""
    lines = ["| hosts | Gbit/s | wire | computing | images a host | alone, s | measured, s | forecast, s | off |"]
    lines.append("| --: | --: | --- | --- | --: | --: | --: | --: | --: |")
    for row in measured["checks"]:
        cells = [row["hosts"], row["Gbit/s"], row["wire"], row["computing"], row["images a host"]]
        cells += [f"{row[name]:.2f}" for name in ("alone", "measured", "forecast")]
        lines.append(f"| {' | '.join(map(str, cells))} | {row['forecast'] / row['measured'] - 1:+.1%} |")
    return "\n".join(lines)


def link_of(measured: dict, rate: int, wire: str) -> Link:
    """Return the fitted link, or that of another rate; factors are float32."""
    each = {key: Link(*wires[wire if wire in wires else "float32"]) for key, wires in measured["links"].items()}
    if str(rate) in each:
        return each[str(rate)]
    slow, fast = (each[str(known)] for known in FITTED)
    return at_rate(slow, fast, FITTED, rate)


def curve(measured: dict, name: str, rate: int, wire: str, faster: float = 1.0) -> list[float]:
    """Return the efficiency of every number of ranks."""
    work = as_work(measured["works"][name]).faster(faster)
    link = link_of(measured, rate, wire)
    link = link._replace(processor=link.processor / measured["threads"])
    steps = np.array(measured["steps"])
    return [efficiency(work, ranks, link, wire, draw(steps, STEPS, ranks)) for ranks in RANKS]


def scaling_table(measured: dict, name: str) -> str:
    """Return the efficiencies of a network as a Markdown table."""
    variant, images = NETWORKS[name]
    work = as_work(measured["works"][name])
    lines = [f"{name} (`{variant}`), {images} images a rank, {work.images / work.seconds:.1f} images/s alone:", ""]
    lines.append(
        f"| Gbit/s | wire | computer | {' | '.join(f'{ranks:,}' for ranks in RANKS)} | images/s of {RANKS[-1]:,} |"
    )
    lines.append(f"| --: | --- | --- |{' --: |' * (len(RANKS) + 1)}")
    for rate in RATES:
        for wire in WIRES:
            for faster in (1, FAST):
                found = curve(measured, name, rate, wire, faster)
                speed = found[-1] * RANKS[-1] * faster * work.images / work.seconds
                cells = [rate, wire, f"{faster} ×", *(f"{share:.2f}" for share in found), f"{speed:,.0f}"]
                lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def draw_figure(measured: dict, path: Path) -> None:
    """Draw efficiency over ranks: a row for each network, a column for each rate."""
    import matplotlib

    matplotlib.use("Agg")  # a file, no window
    from matplotlib import pyplot

    figure, grid = pyplot.subplots(len(NETWORKS), len(RATES), figsize=(11, 6), sharex=True, sharey=True)
    for row, name in zip(grid, NETWORKS, strict=True):
        for axes, rate in zip(row, RATES, strict=True):
            for index, wire in enumerate(WIRES):
                for faster, style in ((1, "-"), (FAST, ":")):
                    axes.plot(RANKS, curve(measured, name, rate, wire, faster), style, color=f"C{index}", marker=".")
            axes.set_title(f"{name}, {NETWORKS[name][1]} images a rank, {rate} Gbit/s", fontsize=9)
            axes.set_xscale("log", base=2)
            axes.set_xticks(RANKS, [str(ranks) for ranks in RANKS])
            axes.set_ylim(0, 1.03)
            axes.axhline(0.9, color="grey", linewidth=0.5)
            axes.grid(alpha=0.3)
        row[0].set_ylabel("efficiency")
    for axes in grid[-1]:
        axes.set_xlabel("ranks")
    lines = [pyplot.Line2D([], [], color=f"C{index}", label=wire) for index, wire in enumerate(WIRES)]
    lines += [pyplot.Line2D([], [], color="black", linestyle="-", label=f"{measured['threads']} cores a rank")]
    lines += [pyplot.Line2D([], [], color="black", linestyle=":", label=f"{FAST} × as fast")]
    figure.legend(handles=lines, loc="lower center", ncols=len(lines), frameon=False)
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(path, dpi=120)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words = parser.add_subparsers(dest="what", required=True)
    measuring = words.add_parser("measure", help="profile, fit and check on this machine")
    measuring.add_argument("--threads", type=int, default=2)
    measuring.add_argument("--quick", action="store_true", help="a sixteenth of the images, few repeats")
    measuring.add_argument("--out", type=Path, default=Path("scaling.json"))
    showing = words.add_parser("show", help="simulate, print tables, draw")
    showing.add_argument("measured", type=Path)
    showing.add_argument("--figure", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
