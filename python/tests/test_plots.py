"""Pictures: that they are drawn, from the right numbers, and what happens without matplotlib."""

import sys

import numpy as np
import pytest
from support import CLASSES, TINY, dataset, pictures, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet.plots import kernel_sheet, plot_kernels, plot_panel, plot_predictions


@pytest.fixture(scope="module")
def trained():
    model = tiny_model()
    recipe = quick_recipe(schedule=sa.EpochSchedule([1]))
    return model, model.fit(dataset(), dataset(20, seed=1), epochs=2, recipe=recipe, progress=False)


def test_history(trained, tmp_path):
    pytest.importorskip("matplotlib")
    figure = trained[1].plot()
    losses, errors = figure.axes
    assert [line.get_label() for line in losses.lines][:2] == ["training", "validation"]
    assert list(errors.lines[1].get_ydata()) == trained[1].column("validation_top1_error")
    figure.savefig(tmp_path / "curves.png")
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_history_as_table(trained, tmp_path):
    history = trained[1]
    history.to_csv(tmp_path / "history.csv")
    lines = (tmp_path / "history.csv").read_text().splitlines()
    assert len(lines) == 3 and lines[0].startswith("epoch,learning_rate")
    pytest.importorskip("pandas")
    assert history.to_frame()["train_loss"].tolist() == history.column("train_loss")


def test_empty_history_is_refused():
    with pytest.raises(ValueError, match="no epochs"):
        sa.History().plot()


def test_kernel_sheet():
    kernels = np.arange(18 * 3 * 2 * 2, dtype=np.float32).reshape(18, 3, 2, 2)
    sheet = kernel_sheet(kernels)
    assert sheet.shape == (2 * 3 - 1, 16 * 3 - 1, 3)
    assert sheet[0, 0, 0] == 0 and sheet[4, 4, 2] == 1
    assert (sheet[2] == 1).all() and (sheet[:, 2] == 1).all()
    np.testing.assert_allclose(sheet[3:5, 0:2], kernels[16].transpose(1, 2, 0) / kernels.max())
    assert np.isfinite(kernel_sheet(np.zeros((1, 1, 2, 2), np.float32))).all()


def test_kernels_of_towers_stand_apart_on_one_scale(trained):
    pytest.importorskip("matplotlib")
    figure = plot_kernels(trained[0], columns=4)
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles == ["conv1, tower 1: kernels 1 to 4 of 8", "conv1, tower 2: kernels 5 to 8 of 8"]
    sheets = [axes.images[0].get_array() for axes in figure.axes]
    whole = kernel_sheet(trained[0].parameters()["conv1.weight"], columns=4)
    np.testing.assert_array_equal(np.vstack([sheets[0], np.ones_like(whole[:1]), sheets[1]]), whole)


def test_kernels_without_towers():
    pytest.importorskip("matplotlib")
    figure = plot_kernels(
        sa.Model.from_spec(TINY.format(channels=3, classes=4).replace("groups=2", "groups=1"), "paper")
    )
    assert [axes.get_title("left") for axes in figure.axes] == ["conv1: 8 kernels of 3 × 5 × 5"]


def test_kernels_over_feature_maps_are_refused(trained):
    with pytest.raises(ValueError, match="conv2"):
        plot_kernels(trained[0], "conv2")


def test_panel(trained):
    pytest.importorskip("matplotlib")
    model, test = trained[0], dataset(40, seed=2)
    figure = plot_panel(model, test, test, predictions=4, queries=3, neighbors=2)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert sorted(titles) == sorted(CLASSES)  # a class at a time
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert len(shown) == 4 + 3 * (1 + 2)
    for query, neighbor in zip(shown[4::3], shown[5::3], strict=True):  # each is its own nearest neighbour
        np.testing.assert_array_equal(query, neighbor)
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    inside, renderer = figure.bbox, FigureCanvasAgg(figure).get_renderer()
    for axes in figure.axes:
        box = axes.get_tightbbox(renderer)
        assert inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1


def test_panel_needs_pictures_and_a_known_layer(trained):
    pytest.importorskip("matplotlib")
    with pytest.raises(ValueError, match="12 readable test pictures, expected at least 13"):
        plot_panel(trained[0], dataset(12), dataset(12))
    with pytest.raises(ValueError, match="relu6"):
        plot_panel(trained[0], dataset(20), dataset(20), layer="relu66")


def test_predictions(trained):
    pytest.importorskip("matplotlib")
    images, labels = pictures(6)
    figure = plot_predictions(trained[0], images, labels, top=3)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == [CLASSES[label] for label in labels]
    with pytest.raises(ValueError, match="5 labels for 6"):
        plot_predictions(trained[0], images, labels[:5])


@pytest.mark.parametrize(
    ("module", "call", "extra"),
    [
        ("matplotlib.figure", lambda model, history: history.plot(), "plots"),
        ("matplotlib.figure", lambda model, history: plot_kernels(model), "plots"),
        ("matplotlib.figure", lambda model, history: plot_panel(model, dataset(), dataset()), "plots"),
        ("pandas", lambda model, history: history.to_frame(), "frame"),
        ("pandas", lambda model, history: model.summary().to_frame(), "frame"),
    ],
)
def test_a_missing_package_is_named(trained, monkeypatch, module, call, extra):
    from swiftalexnet.plots import figures

    figures._figure_class.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"pip install 'swiftalexnet\[{extra}\]'"):
        call(*trained)
