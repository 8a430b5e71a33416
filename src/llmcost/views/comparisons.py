"""A comparison to a document: which setup is best at what, why, and how sure that is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llmcost.figures import quantity_text
from llmcost.inputs import WHOLE_UNITS, as_whole
from llmcost.studies.comparison.columns import ENDS as ENDS_OF
from llmcost.studies.comparison.columns import names_and_units, value_of
from llmcost.table import Cell, Document, Field, Table
from llmcost.views.comparison_cells import MARK, TITLES
from llmcost.views.comparison_columns import in_columns
from llmcost.views.comparison_rows import in_rows, in_short
from llmcost.views.comparison_tables import absent_table, group_table, price_table
from llmcost.views.comparison_words import sentences, value_text
from llmcost.views.estimates import input_text, origin_text, percentiles_text
from llmcost.views.input_titles import INPUT_TITLES

if TYPE_CHECKING:
    from llmcost.studies.comparison.answer import Comparison
    from llmcost.studies.comparison.parts import SetupResult


# As many setups stand side by side on 60 columns; of many more the ranking is told alone.
ALWAYS = ("tokens", "phases", "seq_length", "precision", "global_batch_size")
MOST_COLUMNS, MANY = 3, 24
WINS = "Wins: share of the draws in which it is the cheapest, or the fastest."
FRONT = "Front: in which no other is both cheaper and faster."
ERRS_ALIKE = (
    "An error of the predicted speed is drawn as the same for all; it need not be, so that between "
    "unlike accelerators less is sure than these shares and intervals say."
)
# Of more setups than these a warning names the first.
MOST_NAMES = 4
ROW_KEYS = (*names_and_units(), "reason")


def comparison_document(found: Comparison) -> Document:
    """Return the document of a comparison: setups, what the draws say, prices, what cannot run."""
    flat = _flat(found)
    return Document(
        title=_title(found),
        tables=tuple(_tables(found)),
        flat=flat,
        data={**found.to_dict(), "rows": flat.records()},
        messages=tuple(_messages(found)),
        footer=_footer(found),
    )


def _title(found: Comparison) -> str:
    """Return what is trained, and how many setups were asked about."""
    runs, count, parts = _estimated(found), len(found.setups), list[str]()
    if runs:
        models = dict.fromkeys(_model(one) for one in runs)
        tokens = sorted({one.value("tokens") or 0.0 for one in runs})
        ends = dict.fromkeys(quantity_text(end, "token") for end in (tokens[0], tokens[-1]))
        parts += [*models] if len(models) == 1 else [f"{len(models)} models"]
        parts.append(" to ".join(ends))
    parts.append(f"{count} setup{'s' if count != 1 else ''}")
    if (deadline := found.asked.get("deadline")) is not None:
        parts.append(f"within {quantity_text(float(deadline), 'day')}")
    return " · ".join(parts)


def _model(one: SetupResult) -> str:
    """Return the name of what a setup trains, or how large it is."""
    named = one.input("model")
    return str(named or f"{value_text('parameters', one.results['parameters'])} parameters")


def _tables(found: Comparison) -> Iterator[Table]:
    setups, told = list(_setups(found)), sentences(found)
    if told:
        rows = tuple((text,) for text in told)
        words = Table("told", (Field("told", "What the draws say"),), rows, notes=_drawn(found))
        setups.append(words)
    elif setups:
        setups[0] = replace(setups[0], notes=(*setups[0].notes, *_drawn(found)))
    yield from setups
    prices = price_table(found) if len(found) <= MANY else None
    others = (group_table(found), prices, _shared(found), absent_table(found))
    yield from (table for table in others if table is not None)


def _setups(found: Comparison) -> Iterator[Table]:
    """Yield the tables of the setups that have an estimate, laid out by how many they are."""
    setups = _estimated(found)
    if len(setups) > MANY:
        yield from in_short(found, [setup for setup in setups if setup.runs])
    elif len(setups) > MOST_COLUMNS:
        yield from in_rows(found, setups)
    elif setups:
        yield from in_columns(found, setups)


def _estimated(found: Comparison) -> list[SetupResult]:
    """Return the setups that have an estimate, best first."""
    return [setup for setup in found.ranked if setup.estimate is not None]


def _shared(found: Comparison) -> Table | None:
    """Return what every setup was asked alike: what the user gave, and what says which run it is.

    `None` where there are no two setups to share it.
    """
    inputs = [setup.estimate.inputs for setup in found.setups if setup.estimate]
    if len(inputs) < 2:
        return None
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    for name, told in inputs[0].items():
        alike = all(name in each and each[name].value == told.value for each in inputs)
        if alike and (name in ALWAYS or told.origin.kind == "user"):
            value = told.value if isinstance(told.value, str | int | float) else None
            rows.append((name, value, told.origin.source))
            texts.append(
                (INPUT_TITLES.get(name, name), input_text(name, told), origin_text(name, told))
            )
    fields = (Field("name", "Shared by all"), Field("value", "Value"), Field("source", "From"))
    notes = ("All other assumptions of a setup: llmcost estimate, or --json here.",)
    return Table("assumptions", fields, tuple(rows), texts=tuple(texts), notes=notes)


def _drawn(found: Comparison) -> tuple[str, ...]:
    """Return how intervals and shares were found, and what the mark means."""
    meta = found.meta
    percentiles = percentiles_text(float(meta.get("interval", 0.8)))
    told = [
        f"Low and high: {percentiles} percentile of {int(meta.get('draws', 0)):,} draws (seed "
        f"{meta.get('seed')}); estimates take every input at its middle value. Draw n is the same "
        f"uncertain world for every setup.{f' {MARK}: the best of its kind.' if found.best else ''}"
    ]
    if _of_unlike_parts(found):
        told.append(ERRS_ALIKE)
    if found.left_out:
        told.append(f"Left out by {found.asked.get('where')}: {', '.join(found.left_out)}.")
    if (count := len(_estimated(found))) > MANY:
        told += [WINS, "Layouts, limits, energy and all else of each: --format csv or json."]
    elif count > MOST_COLUMNS:
        told.append(f"Change: from {found.first}. {WINS} {FRONT}")
    return tuple(told)


def _of_unlike_parts(found: Comparison) -> bool:
    """Return whether speeds of more than one accelerator were predicted."""
    return len({setup.input("gpu") for setup in found.setups if setup.runs and setup.limits}) > 1


def _messages(found: Comparison) -> Iterator[str]:
    """Yield each kind of warning once, and for which setups it holds unless that is all of them."""
    told: dict[str, list[tuple[str, str]]] = {}
    for setup in found.ranked:
        warned = (*setup.notes, *(setup.estimate.warnings if setup.estimate else ()))
        texts = dict.fromkeys(each.message for each in warned)
        for text in (text for text in texts if text not in (setup.reason, setup.no_price)):
            told.setdefault(_kind(text, setup), []).append((setup.name, text))
    estimated = sum(setup.estimate is not None for setup in found.setups)
    for alike in told.values():
        (name, text), names = alike[0], [each for each, _ in alike]
        if any(other != text for _, other in alike):
            yield f"{name}: {text} Alike: {_listed(names[1:])}."
        else:
            yield text if len(names) >= max(2, estimated) else f"{_listed(names)}: {text}"


def _kind(text: str, setup: SetupResult) -> str:
    """Return a warning without what differs from setup to setup: its accelerator, its numbers."""
    return re.sub(r"\d+", "", text.replace(str(setup.input("gpu")), ""))


def _listed(names: Sequence[str]) -> str:
    """Return the first names of a list, and how many more there are.

    >>> _listed(["a", "b"]), _listed(["a", "b", "c", "d", "e", "f"])
    ('a, b', 'a, b, c, d and 2 more')
    """
    unique = list(dict.fromkeys(names))
    shown, rest = unique[:MOST_NAMES], len(unique) - MOST_NAMES
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")


def _flat(found: Comparison) -> Table:
    """Return one row a setup, best first, with everything that is known of any of them."""
    setups, units = found.ranked, names_and_units()
    known = {
        name: [_whole(value_of(setup, name), units[name]) for setup in setups] for name in units
    }
    told = [name for name in units if any(value is not None for value in known[name])]
    fields = [_field(name, units[name]) for name in told]
    columns: list[list[Any]] = [known[name] for name in told]
    fields.append(Field("reason", "Reason"))
    columns.append([setup.reason or setup.no_price or None for setup in setups])
    return Table("comparison", tuple(fields), tuple(zip(*columns, strict=True)))


def _field(name: str, unit: str | None) -> Field:
    """Return the field of a column, with the title that people read over it."""
    result, _, end = name.rpartition("_")
    title = TITLES.get(name) or name.replace("_", " ").capitalize()
    if end in ENDS_OF and result in TITLES:
        title = f"{TITLES[result].strip()}, {end}"
    return Field(name, title.strip(), unit or "", "left" if unit is None else "right")


def _whole(value: Any, unit: str | None) -> Any:  # noqa: ANN401
    """Return a count as a whole number, anything else as it is."""
    return as_whole(value) if unit in WHOLE_UNITS else value


def _footer(found: Comparison) -> str:
    meta = found.meta
    return f"llmcost {meta.get('llmcost_version')}, data {meta.get('data_version')}"
