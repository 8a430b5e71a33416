"""The one shape that every answer is printed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Cell = str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a table.

    `name` is the glossary's identifier, `title` what people read, `unit` the unit of every
    number in the column (empty where the column holds text, counts or mixed units). Columns of
    numbers are aligned ``right``; those are never wrapped.
    """

    name: str
    title: str = ""
    unit: str = ""
    align: str = "left"

    @property
    def header(self) -> str:
        """The machine-readable header: ``name [unit]``, or the bare name without a unit."""
        return f"{self.name} [{self.unit}]" if self.unit else self.name


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar a row, all on one axis: from `base` to the number in each field that `ends` names.

    With two ends the bar of the first is drawn light and that of the second dark. `title` heads
    the bars. Only the formats for terminals draw them; every format has the numbers.
    """

    ends: tuple[str, ...]
    base: float = 0.0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under named fields.

    `rows` hold full values (numbers stay numbers) for files and other programs; `texts`, when
    given, hold the same cells as short text for people. `None` is a missing value. `people_fields`
    names the fields that people are shown (all of them where it is empty). `bars` are drawn beside
    the rows, or under each of them on a narrow screen.
    """

    name: str
    fields: tuple[Field, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    texts: tuple[tuple[str, ...], ...] | None = None
    notes: tuple[str, ...] = ()
    people_fields: tuple[str, ...] = ()
    bars: Bars | None = None

    def records(self) -> list[dict[str, Cell]]:
        """Return one dictionary a row, keyed by field name."""
        names = [f.name for f in self.fields]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Document:
    """A whole answer: tables for people, one `data` object for programs.

    `tables` are read by people, in order; `flat` is the one table that delimited formats (CSV, TSV)
    and JSON lines write; `data` is the JSON document.
    """

    title: str
    tables: tuple[Table, ...]
    flat: Table
    data: Mapping[str, object] | Sequence[object]
    messages: tuple[str, ...] = ()
    footer: str = ""
    meta: Mapping[str, str] = field(default_factory=dict)
