"""Which inputs move a result: a tornado for people, every number for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from llmcost.catalog.price_quotes import price_name
from llmcost.figures import EM_DASH, EN_DASH, quantity_text, range_text
from llmcost.table import Bars, Cell, Document, Field, Table
from llmcost.views.estimates import RESULT_TITLES, origin_text
from llmcost.views.input_titles import SHARES, input_title

if TYPE_CHECKING:
    from llmcost.studies.sensitivity import Influence, Sensitivity

SCHEMA = "llmcost.sensitivity/1"
TOP = 10
LEGEND = "░ at its 5th, █ at its 95th"
ROW_KEYS = (
    *("input", "unit", "low", "value", "high", "at_low", "at_high", "result_unit"),
    *("effect", "effect_share", "rank_correlation", "origin", "source"),
)
RANGES = (
    Field("input", "Input"),
    Field("value", f"Median (5th {EN_DASH} 95th)"),
    Field("origin", "From"),
)


def sensitivity_document(found: Sensitivity, *, top: int = TOP) -> Document:
    """Return the document of a sensitivity; people see the `top` inputs, programs all of them."""
    chosen = found.influences[:top]
    return Document(
        title=_title(found),
        tables=(_tornado(found, chosen), _ranges(found, chosen)),
        flat=_flat(found),
        data=_data(found),
        messages=tuple(message for _, message in found.warnings),
        footer=_footer(found),
    )


def _title(found: Sensitivity) -> str:
    interval = range_text(found.low, found.high, _result_unit(found), like=found.value)
    return (
        f"What moves it: {result_title(found.of)}, {_result(found, found.value)} ({interval})"
        f"{_of_run(found)}"
    )


def _of_run(found: Sensitivity) -> str:
    model, gpu = found.inputs.get("model"), found.inputs.get("gpu")
    return "".join(f" · {one.value}" for one in (model, gpu) if one is not None)


def _tornado(found: Sensitivity, chosen: Sequence[Influence]) -> Table:
    fields = (
        Field("input", "Input"),
        Field("at_low", "At its 5th percentile", found.unit, "right"),
        Field("at_high", "At its 95th percentile", found.unit, "right"),
        Field("result", result_title(found.of)),
        Field("rank_correlation", "Rank", align="right"),
    )
    rows = [
        (one.input, one.at_low, one.at_high, _both(found, one), one.rank_correlation)
        for one in chosen
    ]
    texts = [
        (input_title(one.input), "", "", _both(found, one), _correlation(one.rank_correlation))
        for one in chosen
    ]
    return Table(
        "tornado",
        fields,
        tuple(rows),
        texts=tuple(texts),
        notes=tuple(_notes(found, len(chosen))),
        people_fields=("input", "result", "rank_correlation"),
        bars=Bars(("at_low", "at_high"), found.value, LEGEND),
    )


def _both(found: Sensitivity, one: Influence) -> str:
    return f"{_result(found, one.at_low)} → {_result(found, one.at_high)}"


def _correlation(value: float | None) -> str:
    """Return a correlation with its sign.

    >>> _correlation(0.914), _correlation(-0.4), _correlation(0.001), _correlation(None)
    ('+0.91', '-0.40', '0.00', '—')
    """
    if value is None:
        return EM_DASH
    return f"{value:+.2f}" if abs(value) >= 0.005 else "0.00"


def _notes(found: Sensitivity, shown: int) -> list[str]:
    meta = found.meta
    notes = [
        "Each input alone at its 5th → 95th percentile, all others at their median. Rank: its "
        f"Spearman correlation with the result over {int(meta['draws']):,} draws of all inputs "
        f"(seed {meta['seed']}).",
    ]
    if left := len(found.influences) - shown:
        notes.append(f"{left} more with a smaller effect: --top {len(found.influences)}.")
    if silent := _without_effect(found):
        titles = ", ".join(input_title(name) for name in silent)
        notes.append(f"Uncertain, and without effect here: {titles}.")
    return notes


def _without_effect(found: Sensitivity) -> list[str]:
    """Return inputs that move nothing here, without a second name of the price that counts."""
    price = found.inputs.get("price")
    detail = price.detail if price else {}
    terms = "" if detail.get("provider") else str(detail.get("terms", ""))
    again = price_name(terms)
    return [name for name in found.without_effect if name != again]


def _ranges(found: Sensitivity, chosen: Sequence[Influence]) -> Table:
    rows = tuple(
        (one.input, one.value, one.origin.source if one.origin else None) for one in chosen
    )
    texts = tuple((input_title(one.input), _range(one), _origin(found, one)) for one in chosen)
    notes = tuple(_price_notes(found, chosen))
    return Table("ranges", RANGES, rows, title="Their ranges", texts=texts, notes=notes)


def _price_notes(found: Sensitivity, chosen: Sequence[Influence]) -> Iterator[str]:
    """Yield what a price of the catalogue was taken from, which its line has no room for."""
    price = found.inputs.get("price")
    if price and price.detail and any(one.input == "price" for one in chosen):
        yield f"Price: {price.origin.source.removeprefix('gpu_prices.csv: ')}."


def _range(one: Influence) -> str:
    """Return the median of an input and its two ends; a price per GPU-hour says so in its title."""
    if isinstance(one.low, str) or isinstance(one.high, str) or isinstance(one.value, str):
        return f"{one.value} ({one.low} {EN_DASH} {one.high})"
    ends = range_text(one.low, one.high, _unit(one), like=one.value)
    text = f"{quantity_text(one.value, _unit(one))} ({ends})"
    return text.replace("/GPU-hour", "") if one.input.startswith("price") else text


def _unit(one: Influence) -> str:
    return "share" if one.share or one.input in SHARES else one.unit


def _origin(found: Sensitivity, one: Influence) -> str:
    told = found.inputs.get(one.input)
    return origin_text(one.input, told) if told else EM_DASH


def _flat(found: Sensitivity) -> Table:
    units = {"at_low": found.unit, "at_high": found.unit, "effect": found.unit}
    fields = tuple(Field(name, unit=units.get(name, "")) for name in ROW_KEYS)
    rows = [_record(found, one) for one in found.influences]
    return Table(
        "sensitivity", fields, tuple(tuple(row[name] for name in ROW_KEYS) for row in rows)
    )


def _record(found: Sensitivity, one: Influence) -> dict[str, Cell]:
    return {
        **{name: getattr(one, name) for name in ROW_KEYS[:7]},
        "result_unit": found.unit,
        "effect": one.effect,
        "effect_share": one.effect / abs(found.value) if found.value else None,
        "rank_correlation": one.rank_correlation,
        "origin": one.origin.kind if one.origin else None,
        "source": one.origin.source if one.origin else None,
    }


def _data(found: Sensitivity) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        **found.meta,
        "result": {
            "name": found.of,
            "value": found.value,
            "unit": found.unit,
            "low": found.low,
            "high": found.high,
        },
        "percentiles": [0.05, 0.95],
        "rows": [_record(found, one) for one in found.influences],
        "without_effect": list(found.without_effect),
        "warnings": [{"code": code, "message": message} for code, message in found.warnings],
    }


def _result(found: Sensitivity, value: float) -> str:
    return quantity_text(value, _result_unit(found))


def _result_unit(found: Sensitivity) -> str:
    return "share" if found.of in SHARES or found.of.endswith("_loss") else found.unit


def result_title(name: str) -> str:
    """Return what a result is called on its own: a cost by its name, for titles lean on tables.

    >>> result_title("owned_cost"), result_title("gpu_hours"), result_title("restart_loss")
    ('Owned cost', 'GPU-hours', 'Lost in restarts')
    """
    money = name.endswith(("_cost", "_price"))
    title = "" if money else RESULT_TITLES.get(name, "").strip()
    title = title or name.replace("_", " ")
    return title[:1].upper() + title[1:]


def _footer(found: Sensitivity) -> str:
    meta = found.meta
    if "llmcost_version" not in meta:
        return ""
    return f"llmcost {meta['llmcost_version']}, data {meta['data_version']}"
