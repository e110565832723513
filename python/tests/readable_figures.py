"""Whether the text of a figure can be read."""

import pytest


def assert_text_is_readable(figure):
    """Check that all text lies within the figure and does not overlap."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

    canvas, texts, draw = FigureCanvasAgg(figure), {}, Text.draw
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", lambda text, renderer: (texts.update({text: None}), draw(text, renderer)))
        canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent(canvas.get_renderer())) for text in texts if text.get_text()]
    assert boxes
    width, height = figure.bbox.size
    for number, (text, box) in enumerate(boxes):
        assert min(box.x0, box.y0, width - box.x1, height - box.y1) > -1, f"{text!r} is cut off"
        for other, beside in boxes[:number]:
            common = Bbox.intersection(box, beside)
            assert common is None or min(common.width, common.height) < 3, f"{text!r} lies over {other!r}"
