"""Figures: that they are drawn from the right numbers, and what happens without matplotlib."""

import itertools
import sys

import numpy as np
import pytest
from evaluations import evaluation, made_up
from readable_figures import assert_text_is_readable
from support import CLASSES, TINY, dataset, labelled_images, needs, photo_folder, tiny_model

import swiftalexnet as sa
from swiftalexnet._support.tables import printable
from swiftalexnet.plots import (
    fair_sample,
    kernel_sheet,
    plot_history,
    plot_kernels,
    plot_panel,
    plot_predictions,
    plot_profile,
    plot_worst,
)
from swiftalexnet.plots.figures import fitted, new_figure, text_width, wrapped

AWKWARD = (
    *("$x$", r"a$b$c\foo", "<script>", "line\nbreak", "\udcff", "W" * 40, "i" * 40, "Ä" * 200),
    *("a long name of several words, as ImageNet has them, number 1", "tab\t"),
)


@pytest.mark.parametrize("text", [*AWKWARD, "", " ", "a", "two words"])
@pytest.mark.parametrize("inches", [0.01, 0.3, 1, 3])
def test_text_is_shortened_to_fit(text, inches):
    needs("matplotlib")
    short = fitted(text, inches, 9).replace(r"\$", "$")
    whole = printable(text)
    assert len(short) <= 1 or text_width(short, 9) <= inches
    assert short == whole or (whole.startswith(short.partition("…")[0]) and whole.endswith(short.partition("…")[2]))
    if text_width(whole, 9) <= inches:
        assert short == whole
    else:
        longer = fitted(text, text_width(short, 9) + 0.5, 9)
        assert len(longer) > len(short) or len(whole) == 1


def test_lines_are_broken_between_words():
    needs("matplotlib")
    words = "a title of several words that does not fit"
    lines = wrapped(words, 1, 9).splitlines()
    assert len(lines) > 1 and " ".join(lines) == words
    assert max(text_width(line, 9) for line in lines) <= 1
    assert all(text_width(f"{line} {after.split()[0]}", 9) > 1 for line, after in itertools.pairwise(lines))


def test_history(trained, tmp_path):
    needs("matplotlib")
    figure = trained[1].plot()
    losses, errors = figure.axes
    assert [line.get_label() for line in losses.lines][:2] == ["training", "validation"]
    assert list(errors.lines[1].get_ydata()) == trained[1].column("validation_top1_error")
    figure.savefig(tmp_path / "curves.png")
    assert figure._repr_png_().startswith(b"\x89PNG")


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
    needs("matplotlib")
    figure = plot_kernels(trained[0], columns=4)
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles == ["conv1, tower 1: kernels 1 to 4 of 8", "conv1, tower 2: kernels 5 to 8 of 8"]
    sheets = [axes.images[0].get_array() for axes in figure.axes]
    whole = kernel_sheet(trained[0].parameters()["conv1.weight"], columns=4)
    np.testing.assert_array_equal(np.vstack([sheets[0], np.ones_like(whole[:1]), sheets[1]]), whole)


def test_kernels_without_towers():
    needs("matplotlib")
    figure = plot_kernels(
        sa.Model.from_spec(TINY.format(channels=3, classes=4).replace("groups=2", "groups=1"), "paper")
    )
    assert [axes.get_title("left") for axes in figure.axes] == ["conv1: 8 kernels of 3 × 5 × 5"]


def test_kernels_over_feature_maps_are_refused(trained):
    with pytest.raises(ValueError, match="conv2"):
        plot_kernels(trained[0], "conv2")


def test_panel(trained):
    needs("matplotlib")
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


def test_panel_needs_images_and_a_known_layer(trained):
    needs("matplotlib")
    with pytest.raises(ValueError, match="12 readable test images, expected at least 13"):
        plot_panel(trained[0], dataset(12), dataset(12))
    with pytest.raises(ValueError, match="relu6"):
        plot_panel(trained[0], dataset(20), dataset(20), layer="relu66")


def test_predictions(trained):
    needs("matplotlib")
    images, labels = labelled_images(6)
    figure = plot_predictions(trained[0], images, labels, top=3)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == [CLASSES[label] for label in labels]
    with pytest.raises(ValueError, match="labels has 5 labels, expected 6"):
        plot_predictions(trained[0], images, labels[:5])


def test_predictions_say_what_colours_mean(trained):
    needs("matplotlib")
    images, labels = labelled_images(6)
    texts = [text.get_text() for axes in plot_predictions(trained[0], images, labels).axes for text in legend(axes)]
    assert {"the right class", "another class"} <= set(texts)
    assert not [text for axes in plot_predictions(trained[0], images).axes for text in legend(axes)]


def legend(axes):
    return axes.get_legend().get_texts() if axes.get_legend() else []


def test_labels_of_predictions_are_checked(trained):
    needs("matplotlib")
    images, _ = labelled_images(2)
    for labels, columns, kind in (([0, 4], 4, ValueError), ([0, -1], 4, ValueError), ([0, 1.5], 4, TypeError)):
        with pytest.raises(kind, match="plot_predictions: labels"):
            plot_predictions(trained[0], images, labels, columns=columns)
    with pytest.raises(ValueError, match="columns"):
        plot_predictions(trained[0], images, columns=0)


def test_evaluation_draws_its_numbers():
    needs("matplotlib")
    result, *_ = made_up(200, 6)
    figure = result.plot()
    matrix, errors, reliability, below = figure.axes
    np.testing.assert_allclose(matrix.images[0].get_array(), 100 * result.confusion / result.class_counts[:, None])
    np.testing.assert_allclose([bar.get_width() for bar in errors.patches], result.class_errors)
    np.testing.assert_allclose([bar.get_height() for bar in below.patches], result.calibration.counts)
    assert f"{result.calibration.error:.1f} %" in reliability.get_title()
    assert [label.get_text() for label in matrix.get_yticklabels()] == list(result.classes)


def test_many_classes_share_squares_and_a_class_without_images_is_grey():
    needs("matplotlib")
    labels = np.arange(1000) % 500 * 2  # no image of an odd class
    answers = np.where(labels == 8, 900, labels)
    table = np.zeros((1000, 1000), np.float32)
    table[range(1000), answers] = 1
    squares = evaluation(table, labels).plot().axes[0].images[0].get_array()
    assert squares.shape == (250, 250)  # of 4 × 4 classes
    assert squares[2, 225] == 100 and squares[2, 2] == 100 and squares[3, 225] == 0
    few = evaluation(np.eye(3)[[0, 1]], [0, 1]).plot().axes[0].images[0].get_array()
    assert np.ma.getmaskarray(few)[2].all() and not np.ma.getmaskarray(few)[:2].any()


@pytest.mark.parametrize("classes", [1, 2, 10, 20, 50, 51, 1000])
def test_evaluations_are_readable(classes):
    needs("matplotlib")
    names = [*AWKWARD, *(f"{'word ' * (number % 9)}{number}" for number in range(10, classes))][:classes]
    assert_text_is_readable(made_up(300, classes, names=tuple(names))[0].plot())


@pytest.fixture
def awkward():
    model = tiny_model(classes=10)
    model.classes = AWKWARD
    return model


@pytest.mark.parametrize(("count", "columns"), [(1, 4), (9, 1), (9, 4), (9, 100)])
def test_predictions_are_readable(awkward, count, columns):
    needs("matplotlib")
    title = "a title of many words, which does not fit into a line of any sheet with few columns"
    figure = plot_predictions(awkward, labelled_images(9)[0][:count], range(count), columns=columns, title=title)
    assert_text_is_readable(figure)


@pytest.mark.parametrize("counts", [(8, 5, 6), (1, 1, 1), (3, 2, 12)])
def test_panels_are_readable(awkward, counts):
    needs("matplotlib")
    predictions, queries, neighbors = counts
    data = sa.ArrayDataset(labelled_images(40)[0], np.arange(40) % 10, AWKWARD)
    figure = plot_panel(awkward, data, data, None, predictions, queries, neighbors)
    assert_text_is_readable(figure)


@pytest.mark.parametrize("columns", [1, 3, 1000])
def test_kernels_are_readable(trained, columns):
    needs("matplotlib")
    assert_text_is_readable(plot_kernels(trained[0], columns=columns))


def test_other_figures_are_readable(trained):
    needs("matplotlib")
    model, history = trained
    for figure in (history.plot(), sa.History(history.rows[:1]).plot(), model.profile(1, training=True).plot()):
        assert_text_is_readable(figure)


def test_epochs_are_drawn_from_1(trained):
    needs("matplotlib")
    losses = trained[1].plot().axes[0]
    assert list(losses.lines[0].get_xdata()) == [1, 2]
    assert [tick for tick in sa.History(trained[1].rows[:1]).plot().axes[0].get_xticks() if 0.5 < tick < 1.5] == [1]


def test_worst_images_of_a_folder_need_no_data(trained, tmp_path):
    needs("matplotlib")
    data = sa.ImageFolder(photo_folder(tmp_path), CLASSES)
    result = trained[0].evaluate(data)
    figure = result.plot_worst(count=5)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == [CLASSES[worst.label] for worst in result.worst[:5]]
    assert_text_is_readable(figure)
    data.paths[result.worst[0].index].unlink()  # gone since
    assert sum(bool(axes.images) for axes in result.plot_worst(count=5).axes) == 4


def test_worst_images_in_memory_need_data(trained):
    needs("matplotlib")
    data = dataset(30)
    result = trained[0].evaluate(data)
    figure = plot_worst(result, data, 3)
    assert sum(bool(axes.images) for axes in figure.axes) == 3
    with pytest.raises(ValueError, match="expected data="):
        result.plot_worst()
    with pytest.raises(ValueError, match="30 images were evaluated, data has 29"):
        result.plot_worst(dataset(29))


@pytest.mark.parametrize(("count", "classes"), [(12, 4), (12, 10), (5, 10), (36, 10), (400, 4), (1, 4)])
@pytest.mark.parametrize("seed", [0, 1])
def test_fair_samples(count, classes, seed):
    result, *_ = made_up(400, classes, seed, skill=1.5)
    places = fair_sample(result, count, seed)
    wrong = result.labels != result.predicted
    assert len(places) == len(set(places)) == count
    assert wrong[places].sum() == round(count * wrong.sum() / 400)
    seen = np.bincount(result.labels[places], minlength=classes)
    if count < 400:
        assert seen.max() - seen.min() <= 1
    np.testing.assert_array_equal(places, fair_sample(result, count, seed))
    if 1 < count < 400:
        assert set(places) != set(fair_sample(result, count, seed + 7))


def test_a_fair_sample_is_not_larger_than_what_was_measured():
    assert sorted(fair_sample(made_up(7, 3)[0], 100)) == list(range(7))


@pytest.mark.parametrize(
    ("module", "call", "extra"),
    [
        ("matplotlib.figure", lambda model, history: history.plot(), "plots"),
        ("matplotlib.figure", lambda model, history: plot_kernels(model), "plots"),
        ("matplotlib.figure", lambda model, history: plot_panel(model, dataset(), dataset()), "plots"),
        ("pandas", lambda model, history: history.to_frame(), "frame"),
        ("pandas", lambda model, history: model.summary().to_frame(), "frame"),
        ("pandas", lambda model, history: model.evaluate(dataset(4)).to_frame(), "frame"),
        ("matplotlib.figure", lambda model, history: model.evaluate(dataset(4)).plot(), "plots"),
        ("matplotlib.figure", lambda model, history: model.evaluate(dataset(4)).plot_worst(dataset(4)), "plots"),
    ],
)
def test_a_missing_package_is_named(trained, monkeypatch, module, call, extra):
    from swiftalexnet.plots import figures

    figures._figure_class.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"pip install 'swiftalexnet\[{extra}\]'"):
        call(*trained)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: plot_history(None), "plot_history: history is None, expected a History"),
        (lambda model: plot_profile("x"), "plot_profile: profile is 'x', expected a Profile"),
        (lambda model: plot_kernels(None), "plot_kernels: model is None, expected a Model"),
        (lambda model: plot_predictions(None, dataset(1).images), "plot_predictions: model is None, expected a Model"),
        (lambda model: plot_panel(3, dataset(), dataset()), "plot_panel: model is 3, expected a Model"),
        (
            lambda model: plot_predictions(model, labelled_images(2)[0], title=3),
            "plot_predictions: title is 3, expected a str",
        ),
        (lambda model: kernel_sheet([[1.0]]), "kernel_sheet: kernels is of type list"),
        (lambda model: kernel_sheet(np.ones((2, 3, 4, 4), np.uint8)), "kernel_sheet: kernels has dtype uint8"),
        (lambda model: plot_kernels(model, columns=1.5), "plot_kernels: columns is 1.5"),
        (lambda model: plot_panel(model, dataset(), dataset(), queries="2"), "plot_panel: queries is '2'"),
        (lambda model: new_figure("wide", 3), "new_figure: width is 'wide'"),
    ],
)
def test_what_cannot_be_drawn_is_a_type_error(call, message):
    with pytest.raises(TypeError, match=message):
        call(tiny_model())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: kernel_sheet(np.ones((2, 3, 4, 4), np.float32), 0), "kernel_sheet: columns is 0"),
        (lambda model: kernel_sheet(np.ones((3, 4, 4), np.float32)), "kernel_sheet: kernels has shape"),
        (lambda model: plot_kernels(model, columns=-1), "plot_kernels: columns is -1"),
        (lambda model: plot_predictions(model, dataset(2).images, [0, 9]), r"plot_predictions: labels\[1\] is 9"),
        (lambda model: plot_predictions(model, dataset(2).images, columns=0), "plot_predictions: columns is 0"),
        (lambda model: plot_panel(model, dataset(), dataset(), seed=-1), "plot_panel: seed is -1"),
        (lambda model: new_figure(3, float("nan")), "new_figure: height is nan"),
    ],
)
def test_numbers_that_cannot_be_drawn_are_value_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call(tiny_model())
