"""Arguments of an estimate as text and numbers, for documents: read again they mean the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from llmcost.amounts import Distribution
from llmcost.layout import Layout, PartialLayout, layout_text
from llmcost.ranges import FIXED
from llmcost.units import is_number, is_quantity, told


def plain_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that were given as a JSON document holds them."""
    return {name: plain(value) for name, value in arguments.items() if value is not None}


def plain(value: Any) -> Any:  # noqa: ANN401
    """Return a value that a user gave as text, a number, a flag, or a list or table of these."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return float(value) if is_number(value) else _text(value)


def _text(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, Distribution):
        return _distribution(value)
    if isinstance(value, Layout | PartialLayout):
        return layout_text(value)
    if is_quantity(value):
        return told(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _distribution(value: Distribution) -> str:
    """Return a distribution as text: ``triangular 2 USD/GPU/hour..3 USD/GPU/hour``."""
    ends = "..".join(str(plain(end)) for end in value.ends)
    return ends if value.kind == FIXED else f"{value.kind} {ends}"
