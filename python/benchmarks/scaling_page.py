"""The page and the figure of `scaling.py`: measured steps beside forecasts, and the efficiency of many ranks."""

from itertools import product
from pathlib import Path

import numpy as np

from cluster_measurements import at_rate
from simulator import WIRES, Link, as_work, draw, efficiency

# Of a network, a rate, a wire and a computer: the efficiency of every number of ranks.
Curves = dict[tuple[str, int, str, int], list[float]]

NETWORKS = {"AlexNet": ("owt", 256), "VGG-16": ("vgg-D", 64)}  # and images a rank
RATES = (1, 10, 25)  # Gbit/s
FITTED = RATES[:2]
RANKS = tuple(2**power for power in range(3, 11))
STEPS = 25  # simulated
FAST = 16  # times the speed of the computer that was measured: one of 32 such cores
ANCHOR = (
    "Published, for comparison: 2,048 sockets (Xeon Platinum 8160, 24 cores) trained AlexNet on ImageNet, 100 epochs "
    "in 11 minutes, with batches of 32,768, 16 images a socket (You et al., ImageNet Training in Minutes, 2018, arXiv "
    "1709.05011). These are 194,000 images/s, 95 a socket."
)


def page(measured: dict, curves: Curves) -> str:
    """Return everything as Markdown."""
    spread = np.percentile(np.array(measured["steps"]) / np.median(measured["steps"]), (5, 95))
    parts = [
        "# Scaling, simulated",
        "Written by `python/benchmarks/scaling.py`; what is modelled and what is not stands in its files.",
        f"Measured on {measured['cpu']}, {measured['threads']} threads. Nine in ten steps of one process took between "
        f"{spread[0]:.3f} and {spread[1]:.3f} of their median; every simulated rank draws from them in every step.",
        "## Forecasts beside measured steps",
        "The messages are real. With “sleep” ranks sleep as long as each layer was measured to take, or a quarter or a "
        "sixteenth of it, because four hosts share two cores here; with “training” two hosts compute, a thread each.",
        check_table(measured),
        "## Efficiency",
        "The speed of so many ranks as a share of as many times that of one. A computer is as fast as the one that was "
        f"measured, or {FAST} times as fast.",
        *(scaling_table(measured, curves, name) for name in NETWORKS),
        *(goal(curves, name) for name in NETWORKS),
        ANCHOR,
    ]
    return "\n\n".join(parts) + "\n"


def goal(curves: Curves, name: str) -> str:
    """Say how 64 ranks do at 25 Gbit/s with the wire that suits them best."""
    shares = {wire: curves[name, 25, wire, 1][RANKS.index(64)] for wire in WIRES}
    best = max(shares, key=shares.__getitem__)
    return f"{name}, 64 ranks, 25 Gbit/s: {shares[best]:.3f} with {best}."


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


def efficiencies(measured: dict, steps: int = STEPS) -> Curves:
    """Simulate every network, rate, wire and computer: for each the efficiency of every number of ranks."""
    slowness = {ranks: draw(np.array(measured["steps"]), steps, ranks) for ranks in RANKS}
    found = {}
    for name, rate, wire, faster in product(NETWORKS, RATES, WIRES, (1, FAST)):
        work = as_work(measured["works"][name]).faster(faster)
        link = link_of(measured, rate, wire)
        link = link._replace(processor=link.processor / measured["threads"])
        found[name, rate, wire, faster] = [efficiency(work, ranks, link, wire, slowness[ranks]) for ranks in RANKS]
    return found


def scaling_table(measured: dict, curves: Curves, name: str) -> str:
    """Return the efficiencies of a network as a Markdown table."""
    work = as_work(measured["works"][name])
    alone = f"{work.images / work.seconds:.1f} images/s alone"
    lines = [f"{name} (`{NETWORKS[name][0]}`), {work.images} images a rank, {alone}:", ""]
    lines.append(
        f"| Gbit/s | wire | computer | {' | '.join(f'{ranks:,}' for ranks in RANKS)} | images/s of {RANKS[-1]:,} |"
    )
    lines.append(f"| --: | --- | --- |{' --: |' * (len(RANKS) + 1)}")
    for rate, wire, faster in product(RATES, WIRES, (1, FAST)):
        found = curves[name, rate, wire, faster]
        speed = found[-1] * RANKS[-1] * faster * work.images / work.seconds
        cells = [rate, wire, f"{faster} ×", *(f"{share:.2f}" for share in found), f"{speed:,.0f}"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def draw_figure(measured: dict, curves: Curves, path: Path) -> None:
    """Draw efficiency over ranks: a row for each network, a column for each rate."""
    import matplotlib

    matplotlib.use("Agg")  # a file, no window
    from matplotlib import pyplot

    figure, grid = pyplot.subplots(len(NETWORKS), len(RATES), figsize=(11, 6), sharex=True, sharey=True)
    for row, name in zip(grid, NETWORKS, strict=True):
        for axes, rate in zip(row, RATES, strict=True):
            for index, wire in enumerate(WIRES):
                for faster, style in ((1, "-"), (FAST, ":")):
                    axes.plot(RANKS, curves[name, rate, wire, faster], style, color=f"C{index}", marker=".")
            images = as_work(measured["works"][name]).images
            axes.set_title(f"{name}, {images} images a rank, {rate} Gbit/s", fontsize=9)
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
