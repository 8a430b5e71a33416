"""Layouts to documents: the best with their trade-offs, and why the obvious ones lose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from llmcost.figures import EM_DASH, quantity_text, significant
from llmcost.studies.rivals import words
from llmcost.table import Cell, Document, Field, Table
from llmcost.views.estimates import origin_text
from llmcost.views.input_titles import INPUT_TITLES

if TYPE_CHECKING:
    from llmcost.inputs import InputValue
    from llmcost.studies.layouts import Layouts
    from llmcost.studies.searching import Candidate

GB = 1e9
# What people see of a layout, beside its name, which stands first.
SHOWN = (
    ("step_time", "Step (s)"),
    ("mfu", "MFU"),
    ("tokens_per_gpu_second", "tok/s/GPU"),
    ("memory", "GB/GPU"),
    ("headroom", "free"),
    ("bubble_fraction", "bubble"),
    ("communication_share", "exch."),
)
HOW = (
    "free: GB that programs could still use on the fullest GPU. bubble: idle share of a step; "
    "exch.: share of the step spent waiting for exchanges that computing does not hide."
)
TITLES = INPUT_TITLES | {
    "global_batch_size": "Global batch (sequences)",
    "framework": "Framework family",
    "layout": "Layout, as given",
}


def layouts_document(found: Layouts) -> Document:
    """Return the document of a search for layouts."""
    tables = [_best_table(found)]
    if found.relaxed:
        tables.append(_relaxed_table(found))
    if found.rivals:
        tables.append(_rival_table(found))
    tables.append(_assumptions(found.inputs))
    return Document(
        title=_title(found),
        tables=tuple(tables),
        flat=_flat(found),
        data=found.to_dict(),
        messages=tuple(message for _, message in found.warnings),
        footer=HOW,
    )


def nothing_fits(found: Layouts) -> str:
    """Return by how much the tightest layout does not fit, and what would, in sentences."""
    tight = found.tightest
    short = _gigabytes(-tight.headroom) if tight else "?"
    told = [
        f"Nothing fits on {quantity_text(found.num_gpus, 'GPU')}: of {found.space:,} layouts the "
        f"tightest lacks {short} a GPU ({words(tight.layout) if tight else EM_DASH})."
    ]
    told += [
        f"With {name.replace('_', '-')} left free, this fits: {words(one.layout)}."
        for name, one in found.relaxed
    ]
    few = found.fewest
    if few is not None and few.num_gpus != found.num_gpus:
        number = quantity_text(few.num_gpus, "GPU")
        told.append(f"It fits on {number}: {words(few.candidate.layout)}.")
    elif few is None:
        told.append("No number of GPUs helps here: leave parts of the layout free.")
    return " ".join(told)


def _title(found: Layouts) -> str:
    value = {name: each.value for name, each in found.inputs.items()}
    batch, length = value["global_batch_size"], value["seq_length"]
    return (
        f"{value['model']} · {found.num_gpus:,} x {value['gpu']}, {value['precision']} · "
        f"{batch:,.0f} x {length:,.0f} tokens a step"
    )


def _best_table(found: Layouts) -> Table:
    rows = found.best or ((found.tightest,) if found.tightest else ())
    title = f"The fastest of {found.fitting:,} layouts that fit, of {found.space:,} that are legal"
    if not found.best:
        title = f"None of {found.space:,} legal layouts fits; the one that takes least memory"
    return _candidates("layouts", title, found, rows, tuple(_notes(found)))


def _notes(found: Layouts) -> Iterator[str]:
    low, high = (abs(end - 1) for end in found.interval)
    yield (
        f"Step time is predicted: {low:.0%} less to {high:.0%} more in 8 of 10 cases "
        f"({found.situation})."
    )
    if not found.best:
        yield nothing_fits(found)
    elif found.fewest is not None:
        few = found.fewest
        step = quantity_text(few.candidate.step_time, "s")
        yield (
            f"Fewest that hold it: {quantity_text(few.num_gpus, 'GPU')}, "
            f"{words(few.candidate.layout)}, {step} a step of the same batch."
        )


def _relaxed_table(found: Layouts) -> Table:
    rows = [one for _, one in found.relaxed]
    return _candidates("relaxed", "What fits with one part left free", found, rows)


def _candidates(
    name: str,
    title: str,
    found: Layouts,
    rows: Sequence[Candidate],
    notes: tuple[str, ...] = (),
) -> Table:
    records = [found.record(one) for one in rows]
    fields = (
        Field("layout", "Layout"),
        *(Field(key, heading, _unit(key), align="right") for key, heading in SHOWN),
    )
    cells = tuple(tuple(record[field.name] for field in fields) for record in records)
    texts = tuple(
        (words(one.layout), *(_text(key, record[key]) for key, _ in SHOWN))
        for one, record in zip(rows, records, strict=True)
    )
    return Table(name, fields, cells, title=title, texts=texts, notes=notes)


def _rival_table(found: Layouts) -> Table:
    fields = (Field("name", "Instead"), Field("layout", "At its best"), Field("verdict", "Why not"))
    rows = tuple(
        (one.name, words(one.candidate.layout) if one.candidate else None, one.verdict)
        for one in found.rivals
    )
    return Table("rivals", fields, rows, title="Why the obvious ones lose")


def _assumptions(inputs: Any) -> Table:  # noqa: ANN401
    fields = (Field("name", "Assumption"), Field("value", "Value"), Field("source", "From"))
    rows = tuple((name, _cell(each), each.origin.source) for name, each in inputs.items())
    texts = tuple(
        (TITLES.get(name, name), _input_text(each), origin_text(name, each))
        for name, each in inputs.items()
    )
    return Table("assumptions", fields, rows, texts=texts)


def _cell(value: InputValue) -> Cell:
    return value.value if isinstance(value.value, str | float | int) else None


def _input_text(value: InputValue) -> str:
    if not isinstance(value.value, int | float):
        return str(value.value)
    if value.unit == "FLOP/s/GPU":
        return quantity_text(value.value, value.unit)
    return f"{value.value:,.0f}" if value.value < 1e9 else quantity_text(value.value, "parameter")


def _flat(found: Layouts) -> Table:
    """Return every layout with every number of it, in base units."""
    rows = found.best or ((found.tightest,) if found.tightest else ())
    records = [found.record(one) for one in rows]
    names = tuple(records[0]) if records else ()
    fields = tuple(Field(name, unit=_unit(name)) for name in names)
    cells = tuple(tuple(record[name] for name in names) for record in records)
    return Table("layouts", fields, cells)


def _unit(name: str) -> str:
    from llmcost.studies.layouts import UNITS

    return UNITS.get(name, "")


def _text(name: str, value: float) -> str:
    if name in ("memory", "headroom"):
        return f"{value / GB:.1f}"
    if name == "step_time":
        return significant(value)
    if name == "tokens_per_gpu_second":
        return f"{value:,.0f}" if value >= 100 else significant(value)
    return f"{value:.1%}" if name == "mfu" else f"{value:.0%}"


def _gigabytes(value: float) -> str:
    return f"{value / GB:,.3g} GB"
