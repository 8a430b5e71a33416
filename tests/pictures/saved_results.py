"""Results as they are saved, for pictures: what the library answers, by way of JSON."""

import json

from llmcost import compare
from llmcost.picture import Line, Points
from llmcost.views import document

# 6 x 7e9 x 2e12 FLOP on h100-sxm at 989.4 TFLOP/s x 40% x 90% take 65,509 GPU-hours.
SMALL = {
    "parameters": "7B",
    "tokens": "2T",
    "mfu": "40%",
    "goodput": "90%",
    "draws": 100,
    "as_of": "2026-09-06",
    "today": "2026-09-06",
}
H100_HOURS = 6 * 7e9 * 2e12 / (989.4e12 * 0.4 * 0.9) / 3600


def compared(**asked):
    """A small comparison as it is saved."""
    return json.loads(json.dumps(document(compare(**{**SMALL, **asked})).data))


def marks(panel, kind, label=None):
    """The marks of one kind on a panel, of one label if it is given."""
    found = [mark for mark in panel.marks if isinstance(mark, kind)]
    return [mark for mark in found if label is None or mark.label == label]


def points(panel):
    """Every point of a panel: its text, and where it lies."""
    return {
        text: (x, y)
        for mark in marks(panel, Points)
        for text, x, y in zip(mark.texts, mark.x, mark.y, strict=True)
    }


def lines(panel, label=None):
    """The lines of a panel, as lists of places."""
    return [list(zip(mark.x, mark.y, strict=True)) for mark in marks(panel, Line, label)]
