"""Settings to a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmcost.catalog.overheads import default, defaults
from llmcost.catalog.price_quotes import newest_price_day
from llmcost.figures import quantity_text, range_text
from llmcost.table import Cell, Document, Field, Table
from llmcost.views.input_titles import SHARES

NOT_SET = "not set"
CHOSEN_LATER = {
    "tokens": "as published for the model",
    "seq_length": "as published for the model",
    "precision": "bf16",
    "mfu": "predicted for the layout",
    "layout": "the fastest that fits",
    "global_batch_size": "as published for the model, or by rule",
    "framework": "megatron, xla on TPUs",
    "price": "median over providers",
    "terms": "on-demand",
    "today": "the day of the run",
    "checkpoint_time": "size over bandwidth",
    "checkpoint_interval": "the best",
    "server_price": "median of dated purchases",
    "depreciation": "straight-line",
    "server_power_ratio": "of the accelerator",
    "power_draw_fraction": "of the accelerator",
    "rated_power": "of the accelerator",
    "electricity_price": "of the region",
    "carbon_intensity": "of the region",
    "region": "us",
    "scope": "final-run",
    "cost_of_capital": "0%",
    "post_training_multiplier": "1",
    "equity": "yes",
    "embodied": "no",
    "water": "no",
}
# Options whose default is a row of defaults.csv by another name.
DEFAULT_ROWS = {"equity_pay": "equity", "staff_share": "staff_share_of_development"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One option: its value (`None`: not set), where it was written, and its variable."""

    name: str
    value: object
    origin: str
    variable: str


def settings_document(command: str, settings: Sequence[Setting], path: str) -> Document:
    """Return the document of `llmcost config show`."""
    fields = (
        Field("name", "Option"),
        Field("value", "Value"),
        Field("origin", "From"),
        Field("variable", "Environment variable"),
    )
    rows = tuple(_row(setting) for setting in settings)
    table = Table(
        "settings",
        fields,
        rows,
        texts=tuple((n, _text(v) or NOT_SET, o, e or "none") for n, v, o, e in rows),
        notes=(_rule(command),),
        people_fields=("name", "value", "origin"),
    )
    return Document(
        title=f"Settings of llmcost {command}; settings file: {path}",
        tables=(table,),
        flat=table,
        data={
            "schema": "llmcost.settings/1",
            "command": command,
            "file": path,
            "results": [{"name": n, "value": v, "origin": o, "variable": e} for n, v, o, e in rows],
        },
    )


def _rule(command: str) -> str:
    start = f"LLMCOST_{command.upper()}_"
    return (
        f"Each option has an environment variable: {start}<OPTION>, in capitals and with "
        f"underscores, such as {start}SEQ_LENGTH."
    )


def _row(setting: Setting) -> tuple[str, Cell, str, str]:
    value, origin = setting.value, setting.origin
    if value is None:
        value = default_text(setting.name)
        origin = NOT_SET if value is None else origin
    name = setting.name.replace("_", "-")
    return name, _text(value) if value is not None else None, origin, setting.variable


def _text(value: object) -> str:
    if value is None:
        return ""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def default_text(name: str) -> str | None:
    """Return what counts where an option is left out, in words; `None` when nothing does."""
    if name == "as_of":
        return f"{newest_price_day()} (newest price)"
    if name == "goodput":
        return f"modelled from failures; {_of_row('goodput')} for an unknown number"
    if name == "recompute":
        kinds = ("none", "selective", "full")
        shares = [default(f"recompute_{kind}_share").value or 0 for kind in kinds]
        return f"{kinds[shares.index(max(shares))]} (or by the predicted layout)"
    return CHOSEN_LATER.get(name) or _of_row(DEFAULT_ROWS.get(name, name))


def _of_row(name: str) -> str | None:
    """Return the value of a default with its low and high, `None` where it has no row."""
    known = defaults().get(name)
    if known is None:
        return None
    unit = "share" if known.distribution == "share" or name in SHARES else known.unit
    text = quantity_text(known.value, unit)
    if known.low is None or known.high is None:
        return text
    return f"{text} ({range_text(known.low, known.high, unit, like=known.value)})"
