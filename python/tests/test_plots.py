"""Pictures: that they are drawn, from the right numbers, and what happens without matplotlib."""

import sys

import numpy as np
import pytest
from support import CLASSES, dataset, pictures, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet.plots import kernel_sheet, plot_kernels, plot_predictions


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


def test_kernels(trained):
    pytest.importorskip("matplotlib")
    assert "conv1: 8 kernels of 3 × 5 × 5" in plot_kernels(trained[0]).axes[0].get_title()
    with pytest.raises(ValueError, match="conv2"):
        plot_kernels(trained[0], "conv2")


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
        ("pandas", lambda model, history: history.to_frame(), "frame"),
        ("pandas", lambda model, history: model.summary().to_frame(), "frame"),
    ],
)
def test_a_missing_package_is_named(trained, monkeypatch, module, call, extra):
    from swiftalexnet import plots

    plots._figure_class.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"pip install 'swiftalexnet\[{extra}\]'"):
        call(*trained)
