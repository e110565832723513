"""What a family tells: spread over seeds, tables, figure, ensemble."""

import math

import numpy as np
import pytest
from html_tables import read_html
from support import dataset, needs, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet.families.spread import spread_of
from swiftalexnet.plots import plot_seeds
from swiftalexnet.training.history import COLUMNS


def history(*errors, validation=True):
    """Return a history with these errors, a loss of a tenth of each."""
    held_out = ("validation_loss", "validation_top1_error", "validation_top5_error")
    rows = [
        dict.fromkeys(COLUMNS, 0.0) | {"epoch": epoch, "train_loss": error / 10, "train_top1_error": error}
        | ({"validation_top1_error": 2 * error} if validation else dict.fromkeys(held_out))
        for epoch, error in enumerate(errors)
    ]  # fmt: skip
    return sa.History(rows)


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    folder = tmp_path_factory.mktemp("family")
    return sa.fit_seeds(
        lambda seed: tiny_model(seed=seed), (3, 1), dataset(40), dataset(20, seed=1),
        folder=folder, recipe=quick_recipe(epochs=2), progress=False,
    )  # fmt: skip


def test_spread():
    spread = spread_of([1, 2, 6])
    assert spread == (3, np.std([1, 2, 6], ddof=1), 1, 6)
    assert str(spread) == "3 ± 2.6 (1 to 6)"
    assert spread_of([4])[:1] == (4,) and math.isnan(spread_of([4]).deviation)


def test_spread_is_of_the_last_epoch():
    family = sa.SeedFamily("x", {0: history(9, 1), 7: history(9, 9, 3), 2: history()})
    assert family.spread["train_top1_error"] == spread_of([1, 3])
    assert family.spread["validation_top1_error"] == spread_of([2, 6])
    assert len(family) == 3 and family.seeds == (0, 7, 2)
    alone = sa.SeedFamily("x", {0: history(1, validation=False)})
    assert set(alone.spread) == {"train_loss", "train_top1_error"}
    assert "1 network that" in repr(alone) and "nan" not in str(alone)


def test_text_and_html_say_the_same(family):
    captions, (table,) = read_html(family)
    assert captions == [repr(family).removeprefix("<SeedFamily: ").removesuffix(">")]
    assert [row[0] for row in table] == ["seed", "3", "1", "mean", "deviation", "lowest", "highest"]
    lines = str(family).splitlines()
    assert lines[0] == captions[0]
    assert [line.split() for line in lines[2:]] == [[cell for cell in row if cell] for row in table[1:]]
    last = [each[-1]["train_loss"] for each in family.histories.values()]
    assert table[3][2] == f"{np.mean(last):.4g}"


def test_frame(family):
    needs("pandas")
    frame = family.to_frame()
    assert list(frame.columns) == ["seed", *COLUMNS]
    assert frame["seed"].tolist() == [3, 3, 1, 1] and frame["epoch"].tolist() == [1, 2, 1, 2]
    assert frame["train_loss"].iloc[-1] == family.histories[1][-1]["train_loss"]


def test_ensemble(family):
    ensemble = family.ensemble()
    assert len(ensemble.models) == 2
    image = dataset(1).images
    mean = np.mean([family.model(seed).probabilities(image) for seed in (3, 1)], axis=0)
    assert np.allclose(ensemble.probabilities(image), mean, atol=1e-6)
    assert len(family.ensemble([1]).models) == 1
    for seeds in ([2], ["a"], 3, []):
        with pytest.raises((TypeError, ValueError)):
            family.ensemble(seeds)


def test_load(family, tmp_path):
    again = sa.SeedFamily.load(family.folder)
    assert again.seeds == (1, 3) and again.spread == family.spread
    with pytest.raises(ValueError, match="holds no family"):
        sa.SeedFamily.load(tmp_path)
    with pytest.raises(FileNotFoundError):
        sa.SeedFamily.load(tmp_path / "none")
    (tmp_path / "family.json").write_text("{}")
    (tmp_path / "seed-x").mkdir()
    with pytest.raises(ValueError, match="no seed of .* has ended yet"):
        sa.SeedFamily.load(tmp_path)


def test_a_network_that_is_gone_is_named(family):
    gone = sa.SeedFamily("nowhere", family.histories)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        gone.model(3)
    with pytest.raises(ValueError, match="no seed 2, expected one of 3, 1"):
        family.model(2)


@pytest.mark.parametrize("histories", [{}, {0: 3}, [history(1)], {"a": history(1)}, {-1: history(1)}])
def test_what_is_no_family_is_refused(histories):
    with pytest.raises((TypeError, ValueError), match="SeedFamily"):
        sa.SeedFamily("x", histories)


def test_the_curve_is_the_mean_and_the_band_a_deviation():
    needs("matplotlib")
    figure = plot_seeds([history(10, 4), history(20, 6), history(30)])
    losses, errors = figure.axes
    lines = {line.get_label(): line.get_ydata().tolist() for line in errors.lines}
    assert lines["training, top-1"] == [20, 5] and lines["validation, top-1"] == [40, 10]
    assert {line.get_label() for line in losses.lines} >= {"training", "validation"}
    bounds = errors.collections[0].get_paths()[0].get_extents()
    deviation = math.sqrt(2)
    assert bounds.ymin == pytest.approx(5 - deviation) and bounds.ymax == pytest.approx(30)
    assert "3 seeds" in figure.get_suptitle()
    (losses, _) = plot_seeds([history(1, validation=False)]).axes
    assert [line.get_label() for line in losses.lines] == ["training"]
    for bad in ([], [history()], 3, [3]):
        with pytest.raises((TypeError, ValueError), match="plot_seeds"):
            plot_seeds(bad)


def test_a_family_draws_itself(family):
    needs("matplotlib")
    assert len(family.plot().axes) == 2
