"""Compare training in bfloat16 and float32: the network of `clothing.py` in both, with the same seeds.

What a precision may change is judged by what another seed changes: the means of both precisions' errors at the end
may be as far apart as float32's seeds are among themselves.

    python precision.py --threads 2
"""

from typing import Any

import experiment
import report_precision

import clothing
import swiftalexnet as sa

PRECISIONS = ("float32", "bfloat16")


def main() -> None:
    """Train with every seed in both precisions, and compare the results."""
    options = clothing.parse(experiment.arguments(__doc__, seeds=3), epochs=12)
    results = experiment.Results(options)
    train, validation = clothing.photographs(options)
    base = clothing.CONDITIONS["base"]
    chosen = clothing.recipe(options, base)
    shared = {
        "epochs": chosen.epochs,
        "recipe": chosen.to_json(),
        "size": options.size,
        "resize": options.resize,
        "data": experiment.described(train, validation),
    }
    runs = []
    for seed in range(options.seeds):
        for precision in PRECISIONS:

            def work(precision: str = precision, seed: int = seed, chosen: sa.Recipe = chosen) -> dict[str, Any]:
                return clothing.train_one(train, validation, options, base, chosen, seed, precision)

            runs.append(results.run({"precision": precision, "seed": seed, **shared}, work))
    print(report_precision.verdict(runs))


if __name__ == "__main__":
    main()
