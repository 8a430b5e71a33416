"""What changed since a saved comparison, as tables: results before and after, and their causes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from llmcost.figures import EM_DASH, quantity_text
from llmcost.studies.answers import RESULT_UNITS
from llmcost.studies.comparison.differences import ASKED, OF
from llmcost.studies.wording import short_layout
from llmcost.table import Cell, Document, Field, Table
from llmcost.views.comparison_cells import TITLES, one_sign
from llmcost.views.comparison_words import change_text, ends_text, value_text
from llmcost.views.input_titles import INPUT_TITLES, SHARES

if TYPE_CHECKING:
    from llmcost.studies.comparison.differences import (
        Cause,
        Change,
        Differences,
        SetupDifference,
    )

# Results that people are told of; files have every one.
TOLD = ("cost", "wall_clock", "gpu_hours", "mfu", "owned_cost", "energy", "carbon")
# Of more setups than these people are told the two main results, and of many the values alone.
FEW, MANY = 6, 24
UNITS = {name: RESULT_UNITS[name] for name in OF}
MAIN = OF[:2]
KINDS = {"asked": "you asked otherwise", "data": "data or program"}
# What the ranges depend on beside the inputs.
DRAWN = ("draws", "seed", "interval")
# A rest below this share of the result is rounding.
LEAST = 1e-6
FLAT = (
    *(Field("setup"), Field("kind"), Field("name"), Field("unit")),
    *(Field(name) for name in ("before", "before_low", "before_high")),
    *(Field(name) for name in ("after", "after_low", "after_high")),
    Field("ratio"),
    *(Field(f"{name}_effect", unit=unit) for name, unit in UNITS.items()),
)
ROW_KEYS = tuple(field.name for field in FLAT)


def differences_document(found: Differences, against: str = "it was saved") -> Document:
    """Return the document of what changed since the comparison saved in the file `against`."""
    flat = Table("differences", FLAT, tuple(_flat_rows(found)))
    return Document(
        title=f"What changed since {against}",
        tables=tuple(_tables(found)),
        flat=flat,
        data={**found.to_dict(), "rows": flat.records()},
        footer=_footer(found),
    )


def _tables(found: Differences) -> Iterator[Table]:
    changed = [one for one in found.setups if one.changes]
    if changed:
        yield _change_table(found)
    if any(one.causes or _rest(one) for one in found.setups):
        yield _cause_table(found)
    yield Table("told", (Field("told", "In words"),), tuple((text,) for text in _words(found)))


def _change_table(found: Differences) -> Table:
    """Return the results of each setup before and after, those that changed."""
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    count = sum(bool(one.changes) for one in found.setups)
    names = TOLD if count <= FEW else MAIN
    for one in found.setups:
        told = [change for change in one.changes if change.result in names]
        if told:
            rows.append((one.name, None, None, None))
            texts.append((one.name, "", "", ""))
        for change in told:
            before, after = (each.value if each else None for each in (change.before, change.after))
            rows.append((change.result, before, after, change.ratio))
            texts.append(_change_texts(change))
            if count <= MANY and any(ends := _ends(change)):
                rows.append((f"{change.result}.interval", None, None, None))
                texts.append(("    range", *ends, ""))
    fields = (
        Field("name", "Result"),
        Field("before", "Before", align="right"),
        Field("after", "Now", align="right"),
        Field("ratio", "Change", align="right"),
    )
    return Table("changes", fields, tuple(rows), texts=tuple(texts), notes=_more(found))


def _change_texts(change: Change) -> tuple[str, ...]:
    before, after = (value_text(change.result, each) for each in (change.before, change.after))
    return f"  {TITLES.get(change.result, change.result)}", before, after, change_text(change.ratio)


def _ends(change: Change) -> tuple[str, str]:
    before, after = (ends_text(change.result, each) for each in (change.before, change.after))
    return one_sign(before).replace("exact", ""), one_sign(after).replace("exact", "")


def _more(found: Differences) -> tuple[str, ...]:
    """Return which other results changed."""
    others = dict.fromkeys(
        TITLES.get(change.result, change.result.replace("_", " ")).strip()
        for one in found.setups
        for change in one.changes
        if change.result not in TOLD
    )
    return (f"Changed too: {', '.join(others)}.",) if others else ()


def _cause_table(found: Differences) -> Table:
    """Return the inputs that differ, with what each does alone, and what they leave over."""
    told = _moved(found)
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    for one in (each for each in found.setups if each.causes or _rest(each)):
        rows.append((one.name, *(None,) * (2 + len(told))))
        texts.append((one.name, *("",) * (2 + len(told))))
        for cause in one.causes:
            effects = (cause.effects.get(name) for name in told)
            rows.append((cause.input, _cell(cause.before), _cell(cause.after), *effects))
            texts.append(_cause_texts(cause, told))
        if _rest(one):
            rows.append(("rest", None, None, *(one.rest.get(name) for name in told)))
            texts.append(("  the rest", "", "", *(_effect(one.rest, name) for name in told)))
    fields = (
        Field("name", "Caused by"),
        Field("before", "Before"),
        Field("after", "Now"),
        *(Field(f"{name}_effect", TITLES.get(name, name).strip(), align="right") for name in told),
    )
    return Table("causes", fields, tuple(rows), texts=tuple(texts), notes=tuple(_how(found)))


def _moved(found: Differences) -> tuple[str, ...]:
    """Return the results that people are told the effects on: cost and wall clock as a rule.

    Others stand beside them where an input moves neither of the two, and in place of them where
    nothing moves these.
    """
    effects = [cause.effects for one in found.setups for cause in one.causes]
    beside = [each for each in effects if not any(each.get(name) for name in MAIN)]
    others = [name for name in OF if any(each.get(name) for each in beside)]
    if others and len(beside) == len(effects):
        return tuple(others)
    return (*MAIN, *others)


def _how(found: Differences) -> Iterator[str]:
    """Yield how causes are told apart."""
    yield (
        "Each input alone put back to what it was, all others as now, at middle values; the "
        "difference is its effect."
    )
    if any(_rest(one) for one in found.setups):
        program = "" if found.same_program else ", other data or another version of llmcost"
        yield f"The rest: inputs that act together{program}."
    if any(cause.kind != ASKED for one in found.setups for cause in one.causes):
        yield "Marked *: nobody asked for it; the data or the program say otherwise than then."


def _cause_texts(cause: Cause, told: tuple[str, ...]) -> tuple[str, ...]:
    mark = "" if cause.kind == ASKED else " *"
    title = INPUT_TITLES.get(cause.input, cause.input.replace("_", " ").capitalize())
    values = (_value(cause, value) for value in (cause.before, cause.after))
    return f"  {title}{mark}", *values, *(_effect(cause.effects, name) for name in told)


def _value(cause: Cause, value: Any) -> str:  # noqa: ANN401
    """Return a value of an input: as it was written, or a number in its unit."""
    if value is None:
        return "not given" if cause.kind == ASKED else EM_DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        unit = "share" if cause.input in SHARES else cause.unit
        return quantity_text(value, unit) if unit else f"{value:,.6g}"
    if cause.input == "layout":
        return short_layout(str(value)).replace(",", "")
    return f"{len(value)} phases" if isinstance(value, list) else str(value)


def _effect(effects: Mapping[str, float | None], name: str) -> str:
    """Return an effect with its sign and unit; a dash where it cannot be told."""
    value = effects.get(name)
    if value is None:
        return EM_DASH
    if not value:
        return "none"
    return f"{'+' if value > 0 else '-'}{quantity_text(abs(value), UNITS[name])}"


def _rest(one: SetupDifference) -> bool:
    """Return whether what causes leave over is more than rounding."""
    values = {change.result: change.after for change in one.changes}
    for name in OF:
        after, rest = values.get(name), one.rest.get(name)
        if rest and after and after.value and abs(rest) > LEAST * abs(after.value):
            return True
    return False


def _words(found: Differences) -> Iterator[str]:
    """Yield what changed in sentences."""
    if not found.changed:
        yield "Nothing changed."
        return
    for one in found.setups:
        if one.status_before != one.status_after:
            yield f"{one.name}: {one.status_before} before, {one.status_after} now."
    if found.order_before[:1] != found.order_after[:1]:
        yield f"First was {found.order_before[0]}; first is now {found.order_after[0]}."
    if found.added:
        yield f"New: {', '.join(found.added)}."
    if found.gone:
        yield f"No longer there: {', '.join(found.gone)}."
    told = [text for one in found.setups for text in _main_cause(one)]
    yield from told[:FEW]
    if len(told) > FEW:
        yield f"And {len(told) - FEW} more setups cost otherwise: all in --format csv."
    if others := [name for name in DRAWN if found.before.get(name) != found.after.get(name)]:
        yield f"Ranges differ by other draws too: {', '.join(others)} changed."


def _main_cause(one: SetupDifference) -> Iterator[str]:
    """Yield how the cost of a setup changed, else what else did, and the input that did most."""
    changed = {each.result: each for each in one.changes}
    result = next((name for name in OF if _is_told(changed.get(name))), None)
    if result is None:
        return
    known = [cause for cause in one.causes if cause.effects.get(result)]
    most = max(known, key=lambda cause: abs(cause.effects[result] or 0.0), default=None)
    told = ""
    if most is not None:
        title = INPUT_TITLES.get(most.input, most.input.replace("_", " "))
        told = f", most by {title} ({_effect(most.effects, result)})"
    name = result.replace("_", " ")
    yield f"{one.name}: {name} {change_text(changed[result].ratio)}{told}."


def _is_told(change: Change | None) -> bool:
    return change is not None and change.ratio is not None and change_text(change.ratio) != "0%"


def _flat_rows(found: Differences) -> Iterator[tuple[Cell, ...]]:
    for one in found.setups:
        for change in one.changes:
            before, after = (_triple(each) for each in (change.before, change.after))
            known = change.after or change.before
            unit = known.unit if known else ""
            yield (
                one.name,
                "result",
                change.result,
                unit,
                *before,
                *after,
                change.ratio,
                *(None,) * len(OF),
            )
        for cause in one.causes:
            values = (_cell(cause.before), None, None, _cell(cause.after), None, None)
            lead = (one.name, f"input, {cause.kind}", cause.input, cause.unit)
            yield (*lead, *values, None, *_numbers(cause))
        if one.rest and one.changes:
            rest = tuple(one.rest.get(name) for name in OF)
            yield (one.name, "rest", "rest", "", *(None,) * 7, *rest)
    for name in found.added:
        yield (name, "setup", "added", "", *(None,) * (7 + len(OF)))
    for name in found.gone:
        yield (name, "setup", "gone", "", *(None,) * (7 + len(OF)))


def _triple(result: Any) -> tuple[float | None, float | None, float | None]:  # noqa: ANN401
    return (result.value, result.low, result.high) if result else (None, None, None)


def _numbers(cause: Cause) -> tuple[float | None, ...]:
    return tuple(cause.effects.get(name) for name in OF)


def _cell(value: Any) -> Cell:  # noqa: ANN401
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _footer(found: Differences) -> str:
    """Return what both were found with."""
    told = []
    for title, meta in (("Before", found.before), ("Now", found.after)):
        told.append(
            f"{title}: llmcost {meta.get('llmcost_version')}, data {meta.get('data_version')}, "
            f"{meta.get('draws')} draws, seed {meta.get('seed')}"
        )
    return ". ".join(told) + "."
