"""`fit(progress="plot")`: curves that grow in a notebook, the bar elsewhere, and no harm from either."""

import base64
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from support import dataset, fingerprint, fit, needs, tiny_model

import swiftalexnet as sa
from swiftalexnet._support import notebook
from swiftalexnet.training import watch


class Display:
    """Stands for IPython in a notebook: keeps what is shown."""

    version_info = (9, 0)  # matplotlib asks

    def __init__(self):
        self.shown, self.places, self.error = [], 0, None

    def get_ipython(self):
        return SimpleNamespace(kernel=self)

    @property
    def display(self):
        return SimpleNamespace(display=self.show)

    def show(self, data, raw, display_id):
        assert raw and display_id
        self.places += 1
        self.update(data, raw)
        return self

    def update(self, data, raw):
        assert raw
        if self.error:
            raise self.error
        self.shown.append(data)


@pytest.fixture
def display(monkeypatch):
    needs("matplotlib")
    made = Display()
    monkeypatch.setitem(sys.modules, "IPython", made)
    return made


@pytest.fixture(scope="module")
def plain():
    """The fingerprint of weights that were trained without any output."""
    model = tiny_model()
    fit(model, validation=dataset(20, seed=1))
    return fingerprint(model)


def plotted(**options):
    model = tiny_model()
    return model, fit(model, validation=dataset(20, seed=1), progress="plot", **options)


def test_curves_are_replaced_in_place(display, plain, monkeypatch, capsys):
    monkeypatch.setattr(watch, "_OFTEN", 0)
    monkeypatch.setattr(watch, "_SHARE", 1e9)
    model, history = plotted()
    assert fingerprint(model) == plain
    assert display.places == 1
    assert len(display.shown) == 2 * 4 + 2 + 1, "after every step and epoch, and at the end"
    assert all(base64.b64decode(each["image/png"]).startswith(b"\x89PNG") for each in display.shown)
    assert display.shown[-1]["text/plain"] == repr(history)[1:-1]
    assert "epoch      rate" not in capsys.readouterr().out, "lines beside the curves"


def test_drawing_is_rare(display, monkeypatch):
    monkeypatch.setattr(watch, "_OFTEN", 1e9)
    plotted(epochs=3)
    assert len(display.shown) == 2, "at the first step and at the end, and not sooner than allowed in between"


@pytest.mark.parametrize("error", [RuntimeError("no figures"), MemoryError(), OSError(28, "full"), SystemExit(1)])
def test_a_display_that_fails_is_given_up(display, plain, capsys, error):
    display.error = error
    model, history = plotted()
    assert fingerprint(model) == plain and len(history) == 2
    text = capsys.readouterr().out
    assert type(error).__name__ in text
    assert str(history).splitlines()[-1].rpartition(" ")[0] in text, "lines take the place of curves"


def test_drawing_that_fails_is_given_up(display, plain, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("swiftalexnet.plots.live.live_png", broken)
    assert fingerprint(plotted()[0]) == plain
    assert not display.shown


def test_an_interrupted_run_leaves_its_curves(display):
    def stop(row):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        plotted(on_epoch_end=stop)
    assert "1 epoch" in display.shown[-1]["text/plain"]


def test_a_resumed_run_draws_its_first_epochs_too(display, tmp_path):
    plotted(checkpoint=tmp_path)
    display.shown.clear()
    plotted(checkpoint=tmp_path, resume=True)
    assert [each["text/plain"][:17] for each in display.shown] == ["History: 2 epochs"]


def test_outside_a_notebook_it_is_the_bar(plain, capsys):
    needs("matplotlib")
    model, history = plotted()
    out, err = capsys.readouterr()
    assert fingerprint(model) == plain
    assert "draws in notebooks" in out and str(history).splitlines()[0] in out and "train:" in err


@pytest.mark.parametrize("module", [SimpleNamespace(), SimpleNamespace(get_ipython=lambda: 1 / 0), None])
def test_what_calls_itself_ipython_is_not_believed(monkeypatch, module):
    monkeypatch.setitem(sys.modules, "IPython", module)
    assert not notebook.in_notebook()


@pytest.mark.parametrize("word", ["bar", "", "Plot"])
def test_other_words_are_refused_before_any_work(word, tmp_path):
    model = tiny_model()
    before = fingerprint(model)
    with pytest.raises(ValueError, match="fit: progress is .*, expected True, False or 'plot'"):
        fit(model, progress=word, checkpoint=tmp_path / "run")
    assert fingerprint(model) == before and not (tmp_path / "run").exists()


def test_without_matplotlib_the_extra_is_named_before_any_work(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"fit with progress='plot' needs matplotlib.*swiftalexnet\[plots\]"):
        fit(tiny_model(), progress="plot", checkpoint=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_mean_image_is_learned_under_curves(display):
    model = sa.Model.from_spec(tiny_model().spec, "torchvision")
    model.preprocessing = model.preprocessing.replace(resize=22, learn_mean=True)
    fit(model, progress="plot", epochs=1)
    assert np.shape(model.preprocessing.mean) == (22, 22, 3) and display.shown
