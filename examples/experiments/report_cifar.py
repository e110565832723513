"""The report's sections on CIFAR-10."""

import statistics
from pathlib import Path

import drawings
import tables
from tables import Run, fill, spread, top1

# cuda-convnet's wiki, ProjectHome: test errors of its example networks.
PUBLISHED = {"80sec": 26, "18pct": 18, "19pct": 19, "conv-local-13pct": 13, "conv-local-11pct": 11}


def figure1(runs: list[Run], images: Path) -> str:
    """Figure 1 of the 2012 paper: ReLU against tanh."""
    finals = {}
    for group in tables.grouped((run for run in runs if run["settings"]["phase"] == "final"), "seed"):
        finals[group[0]["settings"]["activation"]] = group  # of several, the last of each activation
    if set(finals) != {"relu", "tanh"}:
        return tables.not_run("figure1")
    settings = finals["relu"][0]["settings"]
    histories = {
        name: [[row["train_top1_error"] for row in run["history"]] for run in group] for name, group in finals.items()
    }
    drawings.training_errors(histories, settings["target"]).savefig(images / "figure1.png")
    rows = []
    for name, group in finals.items():
        limit, reached = group[0]["settings"]["epochs"], [run["epochs_to_target"] for run in group]
        shown = ", ".join(f"not in {limit}" if epochs is None else str(epochs) for epochs in reached)
        rows.append([drawings.STYLES[name][0], f"{group[0]['settings']['learning_rate']:g}", shown])
    return fill(
        "figure1",
        target=settings["target"],
        table=tables.table(["activation", "learning rate", "epochs here, by seed"], rows),
        ratio=_ratio(finals),
        cifar=fill("cifar"),
        provenance=tables.provenance([run for run in runs if run["settings"]["data"] == settings["data"]]),
    )


def _ratio(finals: dict[str, list[Run]]) -> str:
    epochs = {name: [run["epochs_to_target"] for run in group] for name, group in finals.items()}
    if None in epochs["relu"]:
        return "ReLU did not reach the target with every seed: there is no factor to compare with the paper's six."
    limit = finals["tanh"][0]["settings"]["epochs"]
    bound = "at least " if None in epochs["tanh"] else ""
    factor = statistics.fmean(each or limit for each in epochs["tanh"]) / statistics.fmean(epochs["relu"])
    return f"The paper: ReLU takes a sixth of the epochs. Here tanh takes {bound}{factor:.1f} times as many as ReLU."


def cifar_nets(runs: list[Run], images: Path) -> str:
    """Test errors of cuda-convnet's networks."""
    groups = tables.grouped(runs, "seed")
    rows = []
    for net, published in PUBLISHED.items():
        found = [group for group in groups if group[0]["settings"]["net"] == net]
        rows += [_net_row(net, published, group) for group in found]
        if not found:
            rows.append([net, str(published), "not run", "", "", ""])
    rest = ""
    if runs:
        histories = {f"{g[0]['settings']['net']}, epochs: {_epochs(g)}": [run["history"] for run in g] for g in groups}
        drawings.curves(histories).savefig(images / "cifar_nets.png")
        image = "![Training errors of the networks](images/cifar_nets.png)\n"
        rest = "\n".join([image, fill("cifar"), tables.provenance(runs)])
    titles = ["network", "published", "here, centre", "here, 9 views", "here, 10 views", "epochs"]
    return fill("cifar_nets", table=tables.table(titles, rows), rest=rest)


def _net_row(net: str, published: int, group: list[Run]) -> list[str]:
    views = [
        spread([top1(run, count) for run in group]) if count in group[0]["test"] else "–" for count in ("1", "9", "10")
    ]
    seeds = f" ({len(group)} seeds)" if len(group) > 1 else ""
    return [net, str(published), views[0] + seeds, *views[1:], _epochs(group)]


def _epochs(group: list[Run]) -> str:
    settings = group[0]["settings"]
    return f"{settings['epochs']}" if settings["factor"] == 1 else f"{settings['epochs']} (× {settings['factor']:g})"


def response_norm(runs: list[Run], images: Path) -> str:
    """The effect of response normalisation on CIFAR-10."""
    rows, shown = [], []
    for group in tables.grouped(runs, "seed", "norms"):
        errors: dict[str, dict[int, float]] = {"with": {}, "without": {}}
        for run in group:
            errors[run["settings"]["norms"]][run["settings"]["seed"]] = top1(run)
        seeds = sorted(errors["with"].keys() & errors["without"].keys())
        if seeds:
            shown += group
            difference = [errors["without"][seed] - errors["with"][seed] for seed in seeds]
            values = [spread([errors[condition][seed] for seed in seeds]) for condition in ("without", "with")]
            rows.append([_epochs(group), str(len(seeds)), *values, spread(difference, sign="+")])
    if not rows:
        return tables.not_run("response_norm")
    titles = ["epochs", "seeds", "without", "with", "without − with, by seed"]
    table = tables.table(titles, rows)
    return fill("response_norm", table=table, cifar=fill("cifar"), provenance=tables.provenance(shown))
