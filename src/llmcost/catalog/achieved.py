"""What matrix products were measured to reach on accelerators: published rates, none of ours."""

from __future__ import annotations

from dataclasses import dataclass

from llmcost.catalog.columns import Column, DataFile
from llmcost.catalog.files import Record, cached_by_folder, read
from llmcost.catalog.gpus import PRECISIONS, TERA, accelerator
from llmcost.catalog.sources import source_keys
from llmcost.errors import DataError, UnknownNameError

SEARCHED, ONE_SHAPE = "best of a search", "one shape"

ACHIEVED_MATMUL = DataFile(
    "achieved_matmul.csv",
    ("gpu", "precision", "shape", "source"),
    (
        Column("gpu", required=True),
        Column("gpu_as_listed", required=True),
        Column("precision", required=True, choices=PRECISIONS),
        Column("shape", required=True),
        Column("rate", "number", "TFLOP/s/GPU", required=True, positive=True),
        Column("kind", required=True, choices=(SEARCHED, ONE_SHAPE)),
        Column("software", required=True),
        Column("measured", "date", required=True),
        Column("note"),
        Column("source", required=True),
    ),
)


@dataclass(frozen=True, slots=True)
class AchievedMatmul:
    """One measured matrix product: `rate` [FLOP/s/GPU] of a shape written MxNxK.

    `kind` says whether the shape is the best of a search over many, or one of a list.
    """

    gpu: str
    gpu_as_listed: str
    precision: str
    shape: str
    rate: float
    kind: str
    software: str
    measured: str
    note: str | None
    sources: tuple[str, ...]


def achieved_matmul(gpu: str | None = None) -> tuple[AchievedMatmul, ...]:
    """Return every measured product, or those of one accelerator, in file order.

    Raises UnknownNameError for an unknown accelerator, and DataError for a faulty file.
    """
    name = None if gpu is None else accelerator(gpu).name
    return tuple(one for one in _rows() if name in (None, one.gpu))


def best_achieved(gpu: str, precision: str) -> AchievedMatmul | None:
    """Return the fastest published product of an accelerator at a precision, `None` without any."""
    alike = [one for one in achieved_matmul(gpu) if one.precision == precision]
    return max(alike, key=lambda one: one.rate, default=None)


@cached_by_folder
def _rows() -> tuple[AchievedMatmul, ...]:
    return tuple(_achieved(row) for row in read(ACHIEVED_MATMUL))


def _achieved(row: Record) -> AchievedMatmul:
    try:
        name = accelerator(row["gpu"]).name
    except UnknownNameError as error:
        raise DataError(str(error), file=row["_file"], line=row["_line"], column="gpu") from None
    return AchievedMatmul(
        gpu=name,
        rate=row["rate"] * TERA,
        sources=source_keys(row["source"]),
        **{
            part: row[part]
            for part in (
                *("gpu_as_listed", "precision", "shape", "kind"),
                *("software", "measured", "note"),
            )
        },
    )
