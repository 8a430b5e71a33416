"""How the work of a training step is split over accelerators, and which splits are legal."""

from llmcost.layout.notes import notes
from llmcost.layout.record import (
    COLUMNS,
    RECOMPUTE,
    SCHEDULE_CODES,
    SCHEDULES,
    Layout,
    PartialLayout,
    as_columns,
)
from llmcost.layout.rules import RULES, check, legal
from llmcost.layout.situation import Situation, situation
from llmcost.layout.text import layout_text, read_layout

__all__ = [
    "COLUMNS",
    "RECOMPUTE",
    "RULES",
    "SCHEDULES",
    "SCHEDULE_CODES",
    "Layout",
    "PartialLayout",
    "Situation",
    "as_columns",
    "check",
    "layout_text",
    "legal",
    "notes",
    "read_layout",
    "situation",
]
