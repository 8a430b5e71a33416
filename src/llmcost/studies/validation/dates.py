"""When a row was measured: its date, else that in the name of a paper or of a release."""

from __future__ import annotations

import re

from llmcost.catalog.columns import last_day

# Numbers of arXiv papers (2407.21783) and releases by year and month (25.09) hold their date.
_NUMBERED = (
    r"(?<![\d.])(?P<year>[12]\d)(?P<month>0[1-9]|1[0-2])\.\d{4,5}(?!\d)",
    r"(?<![\d.])(?P<year>2\d)\.(?P<month>0[1-9]|1[0-2])(?!\d)",
)
_DAY = r"(?<!\d)(20[12]\d-(?:0[1-9]|1[0-2])(?:-\d\d)?)(?!\d)"


def date_of(cell: str, *names: str) -> float | None:
    """Return the date of a row as a year with a fraction; `None` where nothing tells it.

    Where the cell holds none, it is that in the names of the source, its address and framework.

    >>> date_of("2024"), date_of("", "llama3-paper", "arxiv.org/abs/2407.21783")
    (2024.5, 2024.5416666666667)
    """
    found = year_in(cell)
    if found is not None:
        return found
    return next((when for name in names if (when := _in_name(name)) is not None), None)


def year_in(text: str) -> float | None:
    """Return a date as a year with a fraction, `None` where it is none."""
    try:
        day = last_day(text)
    except ValueError:
        found = re.search(r"(?:19|20)\d\d", text)
        return float(found[0]) + 0.5 if found else None
    if len(text) == 4:
        return day.year + 0.5
    month = day.month - 1 + (0.5 if len(text) == 7 else day.day / 31)
    return day.year + month / 12


def _in_name(name: str) -> float | None:
    for pattern in _NUMBERED:
        found = re.search(pattern, name)
        if found:
            return year_in(f"20{found['year']}-{found['month']}")
    found = re.search(_DAY, name)
    return year_in(found[1]) if found else None
