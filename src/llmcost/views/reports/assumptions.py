"""The assumptions of a result: value, range, where it comes from, and its sources as footnotes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from llmcost.figures import quantity_text, range_text
from llmcost.inputs import InputValue
from llmcost.report import SOURCES
from llmcost.table import Cell, Field, Table
from llmcost.views.estimates import KIND_WORDS, input_text
from llmcost.views.input_titles import INPUT_TITLES
from llmcost.views.reports.cells import shown_unit
from llmcost.views.reports.citations import keys_in

FIELDS = (
    Field("name", "Assumption"),
    Field("value", "Value", align="right"),
    Field("low", "Low – high", align="right"),
    Field("high", "High", align="right"),
    Field("unit", "Unit"),
    Field("origin", "From"),
    Field("as_of", "As of"),
    Field(SOURCES, "Sources"),
)
SHOWN = ("name", "value", "low", "origin", SOURCES)
SETUP = Field("setup", "Setup")


def assumption_table(
    name: str, title: str, inputs: Mapping[str, InputValue], *, notes: tuple[str, ...] = ()
) -> Table:
    """Return the assumptions of one run as a table, a row each."""
    rows = [row_of(key, value) for key, value in inputs.items()]
    return table_of(name, title, rows, notes=notes)


Row = tuple[tuple[Cell, ...], tuple[str, ...]]


def table_of(
    name: str,
    title: str,
    rows: Sequence[Row],
    *,
    setups: Sequence[str] = (),
    notes: tuple[str, ...] = (),
) -> Table:
    """Return rows of assumptions as a table; `setups` names the one of each row."""
    cells = [row for row, _ in rows]
    texts = [text for _, text in rows]
    fields: tuple[Field, ...] = FIELDS
    shown: tuple[str, ...] = SHOWN
    if setups:
        fields, shown = (FIELDS[0], SETUP, *FIELDS[1:]), (SHOWN[0], SETUP.name, *SHOWN[1:])
        cells = [(row[0], one, *row[1:]) for row, one in zip(cells, setups, strict=True)]
        texts = [(text[0], one, *text[1:]) for text, one in zip(texts, setups, strict=True)]
    return Table(name, fields, tuple(cells), title, tuple(texts), notes, shown)


def row_of(name: str, value: InputValue) -> Row:
    """Return the cells of an assumption, in the order of FIELDS, and their texts."""
    keys = "; ".join(sources_of(value))
    plain = value.value if isinstance(value.value, str | int | float) else None
    numbers: tuple[Cell, ...] = (plain, value.low, value.high, value.unit or None)
    cells = (name, *numbers, origin_words(value), value.origin.as_of, keys or None)
    texts = (
        INPUT_TITLES.get(name, name.replace("_", " ")),
        _value_text(name, value),
        _range(name, value),
        "" if value.high is None else quantity_text(value.high, shown_unit(name, value.unit)),
        value.unit,
        origin_words(value),
        value.origin.as_of or "",
        keys,
    )
    return cells, texts


def sources_of(value: InputValue) -> tuple[str, ...]:
    """Return the keys of the sources that an input names."""
    listed = value.detail.get("sources", ()) if value.detail else ()
    return tuple(dict.fromkeys([*(str(key) for key in listed), *keys_in(value.origin.source)]))


def origin_words(value: InputValue) -> str:
    """Return where an input comes from, without the keys that its footnotes stand for.

    >>> from llmcost.inputs import Origin
    >>> origin_words(InputValue(1.15, "", Origin("default", "defaults.csv: dcd-aws-pue")))
    'default: defaults.csv'
    """
    origin = value.origin
    words = KIND_WORDS.get(origin.kind, origin.kind)
    told = without_keys(origin.source)
    when = f" ({origin.as_of})" if origin.as_of else ""
    return f"{words}{f': {told}' if told else ''}{when}"


def without_keys(text: str) -> str:
    """Return a text without the list of keys at its end.

    >>> without_keys("grids.csv: co2js-ember, lbnl-2024"), without_keys("you said so: 5")
    ('grids.csv', 'you said so: 5')
    """
    keys = set(keys_in(text))
    head, colon, tail = text.rpartition(":")
    listed = [word.strip() for word in tail.split(",")]
    if colon and keys and all(word in keys for word in listed):
        return without_keys(head).removesuffix("; sources")
    return text


def _value_text(name: str, value: InputValue) -> str:
    return input_text(name, InputValue(value.value, value.unit, value.origin, detail=value.detail))


def _range(name: str, value: InputValue) -> str:
    if value.low is None or value.high is None:
        return ""
    like = value.value if isinstance(value.value, int | float) else None
    return range_text(value.low, value.high, shown_unit(name, value.unit), like=like)


def shared(inputs: Iterable[Mapping[str, InputValue]]) -> dict[str, InputValue]:
    """Return the inputs that all runs have alike."""
    first, *others = [dict(each) for each in inputs]
    return {
        name: value
        for name, value in first.items()
        if all(_same(each.get(name), value) for each in others)
    }


def _same(one: InputValue | None, other: InputValue) -> bool:
    return one is not None and (one.value, one.low, one.high, one.origin) == (
        other.value,
        other.low,
        other.high,
        other.origin,
    )
