"""How many times as fast every convolution is with `fast_math`, by network and batch: whether it is ever slower.

    python fast_math_layers.py --networks paper owt vgg-D --batches 1 2 4 8 16 --out fast_math_layers.json

Both ways are profiled in turn, round by round, and a cell is the quotient of their medians. Which method computes a
layer depends on its shape, never on the batch, so that an image gets the same bits alone and in a batch: so no cell
should be below 1, but for what the clock of a shared machine does.
"""

import argparse
import json
import statistics
from pathlib import Path

import swiftalexnet as sa
from machine import cpu_name, package_version

METHODS = (False, True)  # of `fast_math`


def times(model: sa.Model, batch: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Return the median milliseconds of each convolution, direct and with `fast_math`."""
    found: dict[str, tuple[list[float], list[float]]] = {}
    for _ in range(rounds):
        for fast_math in METHODS:
            for row in model.profile(batch, fast_math=fast_math).rows:
                if row.kind == "convolution":
                    found.setdefault(row.name.split(" + ")[0], ([], []))[fast_math].append(row.milliseconds)
    return {name: (statistics.median(direct), statistics.median(fast)) for name, (direct, fast) in found.items()}


def table(network: str, rows: dict[int, dict[str, tuple[float, float]]]) -> str:
    """Return a network's quotients as Markdown: a row a batch."""
    names = list(next(iter(rows.values())))
    lines = [[network, *names, "all"], ["---", *["--:"] * (len(names) + 1)]]
    for batch, layers in rows.items():
        whole = [sum(column) for column in zip(*layers.values(), strict=True)]
        pairs = [*(layers[name] for name in names), (whole[0], whole[1])]
        lines.append([f"batch {batch}", *(f"{direct / fast:.2f}" for direct, fast in pairs)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Measure every network at every batch; the file of results is complete after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=["paper", "owt", "vgg-D"])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 2, 4, 8, 16])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("fast_math_layers.json"))
    options = parser.parse_args()
    sa.set_num_threads(options.threads)
    results = {
        "version": package_version("swiftalexnet"),
        "cpu": cpu_name(),
        "threads": options.threads,
        "instruction set": sa.info()["instruction_set"],
        "milliseconds": {},
    }
    for network in options.networks:
        model = sa.build(network, num_classes=1000)
        rows = results["milliseconds"].setdefault(network, {})
        for batch in options.batches:
            rows[batch] = times(model, batch, options.rounds)
            options.out.write_text(json.dumps(results, indent=1) + "\n")
        print(table(network, rows), flush=True)


if __name__ == "__main__":
    main()
