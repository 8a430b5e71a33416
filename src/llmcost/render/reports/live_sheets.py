"""The live sheets of a workbook: assumptions to change, the model that follows, and what it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmcost.render.sheets import Book
from llmcost.views.reports.arithmetic import NAME
from llmcost.views.reports.laws import Law
from llmcost.views.reports.spreadsheet import Computed, Entry, Spreadsheet

LOOKS: Mapping[str, Mapping[str, Any]] = {
    "input": {
        "valign": "top",
        "font_color": "#0000C0",
        "bg_color": "#FFF7CC",
        "border": 1,
        "border_color": "#BFBFBF",
    },
    "linked": {
        "valign": "top",
        "italic": True,
        "bg_color": "#EDEDED",
        "border": 1,
        "border_color": "#BFBFBF",
    },
    "live": {"valign": "top"},
    "static": {"valign": "top", "font_color": "#595959"},
    "code": {
        "valign": "top",
        "font_name": "Consolas",
        "font_color": "#595959",
        "text_wrap": True,
        "quote_prefix": True,
    },
    "moved": {"bold": True, "bg_color": "#FCE4D6"},
    "heading": {"bold": True, "font_size": 12, "top": 1},
}
HOW_TO = (
    "Change the blue numbers on yellow; Model, Results and Summary follow. A grey cell follows "
    "another one: type over it to part the two."
)
FIXED = "Fixed by this run: a change of these needs a new estimate"
ASSUMPTION_HEADERS = (
    "Assumption", "Value", "Unit", "Low", "High", "Name in formulas", "From", "Sources"
)  # fmt: skip
MODEL_HEADERS = ("Part", "Quantity", "Value", "Unit", "Formula", "Name in formulas", "Equation")
RESULT_HEADERS = (
    "Result", "Live", "As computed", "Unit", "Low", "Median", "High", "Change"
)  # fmt: skip
WIDTHS = {
    "Assumptions": (42, 18, 18, 14, 14, 34, 60, 44),
    "Model": (24, 50, 18, 18, 60, 34, 60),
    "Results": (34, 18, 18, 18, 14, 14, 14, 14),
}
NOUGHT = "0.000000001"
# From here on numbers are shown with powers of ten, and with commas.
SMALL, GROUPED, LARGE = 1e-3, 1e3, 1e12


@dataclass(frozen=True, slots=True)
class Live:
    """A live model in a workbook: where its names and its results lie.

    `suffix` ends every name, so that several models stand in one workbook; `check` is the range
    that is 0 while nothing has been changed.
    """

    sheet: Spreadsheet
    suffix: str
    check: str
    values: Mapping[str, float | str]

    def formula(self, formula: str) -> str:
        """Return a formula with the names as this workbook has them."""
        return f"={NAME.sub(lambda name: name[0] + self.suffix, formula)}"


def number_format(
    value: float | str | None, unit: str, *, share: bool = False, whole: bool = False
) -> str:
    """Return how a number of this size and unit is shown; the cell keeps every digit.

    `whole` shows the digits of a number that somebody typed, such as a price of 4.045.
    """
    if not isinstance(value, int | float):
        return ""
    size, more = abs(value), "##" if whole else ""
    if share:
        return f"0.0{more}%" if size >= 0.1 or size == 0 else f"0.00{more}%"
    money = "$" if unit == "USD" or unit.startswith("USD/") else ""
    if size >= LARGE or 0 < size < SMALL:
        return "0.00##E+00"
    if size >= GROUPED:
        return f"{money}#,##0"
    return f"{money}0.00{more}" if size >= 1 or size == 0 else f"{money}0.000##"


def write_live(book: Book, sheet: Spreadsheet, number: int) -> Live:
    """Write the three live sheets of a model; those of the second and later have its number."""
    ending = f" {number}" if number > 1 else ""
    live = Live(
        sheet,
        f"_{number}" if number > 1 else "",
        "",
        {one.name: one.value for one in (*sheet.assumptions, *sheet.fixed, *sheet.model)},
    )
    _assumptions(book, live, f"Assumptions{ending}")
    _model(book, live, f"Model{ending}")
    check = _results(book, live, f"Results{ending}")
    return Live(sheet, live.suffix, check, live.values)


def _assumptions(book: Book, live: Live, title: str) -> None:
    sheet, own = _sheet(book, title, "Assumptions")
    book.put(sheet, 0, 0, HOW_TO, "loose")
    _headers(book, sheet, 1, ASSUMPTION_HEADERS)
    row = 2
    for entry in live.sheet.assumptions:
        _value(book, sheet, (row, 1), entry, live)
        _bounds(sheet, row, entry)
        _named(book, live, entry.name, f"='{own}'!$B${row + 1}")
        _beside(book, sheet, row, entry, live)
        row += 1
    row = _law(book, sheet, row + 1, live, own)
    book.put(sheet, row, 0, FIXED, "heading")
    row = _headers(book, sheet, row + 1, (*ASSUMPTION_HEADERS[:5], "", *ASSUMPTION_HEADERS[6:]))
    for entry in live.sheet.fixed:
        form = number_format(entry.value, entry.unit, share=entry.share)
        book.put(sheet, row, 1, entry.value, book.style("static", form))
        _beside(book, sheet, row, entry, None)
        row += 1


def _value(book: Book, sheet: Any, at: tuple[int, int], entry: Entry, live: Live) -> None:  # noqa: ANN401
    """Write the cell of an entry: a number to change, or a formula with its number."""
    form = number_format(entry.value, entry.unit, share=entry.share, whole=True)
    if entry.formula:
        style = book.styles[book.style("linked", form)]
        sheet.write_formula(*at, live.formula(entry.formula), style, entry.value)
    elif entry.value == "":
        sheet.write_blank(*at, None, book.styles["input"])
    else:
        book.put(sheet, *at, entry.value, book.style("input", form))


def _bounds(sheet: Any, row: int, entry: Entry) -> None:  # noqa: ANN401
    """Let the sheet warn of a number that the assumption cannot be."""
    if entry.least is None:
        return
    told = (
        f"from {entry.least:g} to {entry.most:g}" if entry.most else f"of {entry.least:g} or more"
    )
    rule: dict[str, Any] = {
        "validate": "decimal",
        "error_type": "warning",
        "error_title": "Unlikely number",
        "error_message": f"{entry.title} is a number {told}.",
    }
    if entry.most:
        rule |= {"criteria": "between", "minimum": entry.least, "maximum": entry.most}
    else:
        rule |= {"criteria": ">=", "value": entry.least}
    sheet.data_validation(row, 1, row, 1, rule)


def _beside(book: Book, sheet: Any, row: int, entry: Entry, live: Live | None) -> None:  # noqa: ANN401
    """Write what stands beside the value of an assumption."""
    book.put(sheet, row, 0, entry.title)
    book.put(sheet, row, 2, entry.unit)
    for column, end in ((3, entry.low), (4, entry.high)):
        form = number_format(end, entry.unit, share=entry.share, whole=True)
        book.put(sheet, row, column, end, book.style("static", form))
    if live is not None:
        book.put(sheet, row, 5, entry.name + live.suffix, "code")
    book.put(sheet, row, 6, entry.origin)
    book.put(sheet, row, 7, "; ".join(entry.keys))


def _law(book: Book, sheet: Any, row: int, live: Live, own: str) -> int:  # noqa: ANN401
    """Write the numbers of the scaling law under their names; return the row below them."""
    law: Law | None = live.sheet.law
    if law is None:
        return row
    book.put(sheet, row, 0, f"Scaling law: {law.title}", "heading")
    deepest = max(len(column.numbers) for column in law.columns)
    for at, column in enumerate(law.columns, start=1):
        book.put(sheet, row + 1, at, column.name + live.suffix, "code")
        for down, number in enumerate(column.numbers):
            form = number_format(number, column.unit)
            book.put(sheet, row + 2 + down, at, number, book.style("static", form))
        letter = "ABCDEFGH"[at]
        first, last = row + 3, row + 2 + len(column.numbers)
        place = f"${letter}${first}" + (f":${letter}${last}" if last > first else "")
        _named(book, live, column.name, f"='{own}'!{place}")
    return row + deepest + 3


def _model(book: Book, live: Live, title: str) -> None:
    sheet, own = _sheet(book, title, "Model")
    _headers(book, sheet, 0, MODEL_HEADERS)
    sheet.freeze_panes(1, 2)
    for row, entry in enumerate(live.sheet.model, start=1):
        form = number_format(entry.value or 0.0, entry.unit, share=entry.share)
        style = book.styles[book.style("live", form)]
        book.put(sheet, row, 0, entry.group, "static")
        book.put(sheet, row, 1, entry.title)
        sheet.write_formula(row, 2, live.formula(entry.formula), style, entry.value)
        book.put(sheet, row, 3, entry.unit)
        book.put(sheet, row, 4, live.formula(entry.formula), "code")
        book.put(sheet, row, 5, entry.name + live.suffix, "code")
        book.put(sheet, row, 6, entry.source)
        _named(book, live, entry.name, f"='{own}'!$C${row + 1}")


def _results(book: Book, live: Live, title: str) -> str:
    """Write results beside what they were; return the range of their differences."""
    sheet, own = _sheet(book, title, "Results")
    _headers(book, sheet, 0, RESULT_HEADERS)
    sheet.freeze_panes(1, 1)
    ordered = sorted(live.sheet.results, key=lambda one: not one.live)
    for row, one in enumerate(ordered, start=1):
        _result(book, sheet, row, one, live)
    last = sum(one.live for one in ordered) + 1
    moved = {"type": "cell", "criteria": "!=", "value": 0, "format": book.styles["moved"]}
    sheet.conditional_format(f"H2:H{last}", moved)
    return f"'{own}'!$H$2:$H${last}"


def _result(book: Book, sheet: Any, row: int, one: Computed, live: Live) -> None:  # noqa: ANN401
    result = one.result
    form = number_format(result.value, result.unit, share=one.share)
    book.put(sheet, row, 0, one.title)
    book.put(sheet, row, 3, result.unit)
    numbers = ((2, result.value), (4, result.low), (5, result.median), (6, result.high))
    for column, number in numbers:
        book.put(sheet, row, column, number, book.style("static", form))
    if not one.live:
        return
    style = book.styles[book.style("live", form)]
    sheet.write_formula(row, 1, live.formula(one.name), style, live.values[one.name])
    now, then = f"B{row + 1}", f"C{row + 1}"
    same = f"IF(ABS({then})<{NOUGHT},IF(ABS({now})<{NOUGHT},0,1),ROUND({now}/{then}-1,9))"
    sheet.write_formula(row, 7, f"={same}", book.styles[book.style("live", "0.0%")], 0)


def _sheet(book: Book, title: str, kind: str) -> tuple[Any, str]:
    """Return a new sheet and its name, with the columns of its kind."""
    sheet = book.sheet(title)
    for column, width in enumerate(WIDTHS[kind]):
        sheet.set_column(column, column, width)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    return sheet, sheet.get_name()


def _headers(book: Book, sheet: Any, row: int, headers: Sequence[str]) -> int:  # noqa: ANN401
    """Write a row of headers; return the row below it."""
    for column, text in enumerate(headers):
        book.put(sheet, row, column, text, "header")
    return row + 1


def _named(book: Book, live: Live, name: str, place: str) -> None:
    book.book.define_name(name + live.suffix, place)
