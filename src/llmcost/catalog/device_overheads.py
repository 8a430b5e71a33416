"""What a server draws beyond its chips, by kind of accelerator: the most specific row counts."""

from __future__ import annotations

from llmcost.catalog.columns import Column, DataFile
from llmcost.catalog.files import Record, read
from llmcost.catalog.gpus import Accelerator
from llmcost.catalog.overheads import Default
from llmcost.catalog.sources import source_keys
from llmcost.errors import DataError, UnknownNameError

DEVICE_OVERHEADS = DataFile(
    "device_overheads.csv",
    ("name", "applies_to"),
    (
        Column("name", required=True, choices=("server_power_ratio", "power_draw_fraction")),
        Column("applies_to", required=True),
        Column("low", "number", positive=True),
        Column("value", "number", required=True, positive=True),
        Column("high", "number", positive=True),
        Column("source", required=True),
        Column("note"),
    ),
)


def device_overhead(name: str, gpu: Accelerator) -> Default:
    """Return an overhead of an accelerator: by its name, its generation, or its kind, gpu or tpu.

    Raises UnknownNameError for an overhead that no row gives.
    """
    rows = {row["applies_to"]: row for row in read(DEVICE_OVERHEADS) if row["name"] == name}
    kind = "tpu" if gpu.generation.startswith("tpu") else "gpu"
    for scope in (gpu.name, gpu.generation, kind):
        if scope in rows:
            return _default(rows[scope])
    raise UnknownNameError("overhead", name, {row["name"] for row in read(DEVICE_OVERHEADS)})


def _default(row: Record) -> Default:
    low, value, high = row["low"], row["value"], row["high"]
    if not (low or value) <= value <= (high or value):
        raise DataError(
            f"low, value, high are {low}, {value}, {high}; needs rising order",
            file=row["_file"],
            line=row["_line"],
        )
    kind = "share" if row["name"] == "power_draw_fraction" else "positive"
    keys = source_keys(row["source"])
    return Default(row["name"], low, value, high, "", kind, keys, row["note"] or "")
