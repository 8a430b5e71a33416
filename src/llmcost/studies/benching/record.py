"""The answer of a bench: samples of a machine, what they come to, what they are held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from llmcost.studies.answers import Warned
from llmcost.studies.notebooks import ShownInNotebooks
from llmcost.studies.tracking.answer import Reading

SCHEMA = "llmcost.bench/1"
# Every result of a bench, in the order in which it is told: name -> unit.
RESULT_UNITS: dict[str, str] = {
    "best_matmul_rate": "FLOP/s",
    "matmul_rate": "FLOP/s",
    "memory_rate": "byte/s",
    "attention_rate": "FLOP/s",
    "update_time": "s",
    "step_time": "s",
    "layer_time": "s",
    "fixed_time": "s",
    "tokens_per_second": "token/s",
    "model_flop_rate": "FLOP/s",
    "mfu": "",
    "mfu_full_attention": "",
    "mamfu": "",
    "residual": "",
    "link_bandwidth": "byte/s",
    "link_latency": "s",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """One measured rate beside what it is held against, with shares of it and a verdict.

    `beside` says what the published rate is, or the file and device of another bench.
    """

    name: str
    unit: str
    measured: float
    verdict: str
    specification: float | None = None
    published: float | None = None
    other: float | None = None
    beside: str | None = None

    @property
    def share(self) -> float | None:
        """The part of the specification that was reached."""
        return self.measured / self.specification if self.specification else None

    @property
    def published_share(self) -> float | None:
        """The part of the best published rate that was reached."""
        return self.measured / self.published if self.published else None

    @property
    def ratio(self) -> float | None:
        """The measured rate over that of the other bench."""
        return self.measured / self.other if self.other else None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this comparison, without what it is not held against."""
        shares = {name: getattr(self, name) for name in ("share", "published_share", "ratio")}
        return {key: one for key, one in {**asdict(self), **shares}.items() if one is not None}


@dataclass(frozen=True, slots=True, repr=False)
class Bench(ShownInNotebooks):
    """What a machine reaches: `measured` as it was taken, and what follows from it.

    `fits` are constants of the model of a step by name and precision, `results` those of
    RESULT_UNITS, all of them, in order.
    """

    measured: Mapping[str, Any]
    fits: Mapping[str, Reading]
    results: Mapping[str, Reading]
    comparison: tuple[Compared, ...] = ()
    warnings: tuple[Warned, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """How the measuring ended: complete, interrupted or over budget."""
        return str(self.measured["status"])

    @property
    def device(self) -> str:
        """The name that the device has for itself."""
        return str(self.measured["device"]["name"])

    def __repr__(self) -> str:
        count = len(self.measured["samples"])
        return f"Bench({self.device}, {self.status}: {count} samples)"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of this bench (schema llmcost.bench/1)."""
        return {
            "schema": SCHEMA,
            **self.meta,
            **{key: one for key, one in self.measured.items() if key != "warnings"},
            "fits": {name: one.to_dict() for name, one in self.fits.items()},
            "results": {name: one.to_dict() for name, one in self.results.items()},
            "comparison": [one.to_dict() for one in self.comparison],
            "warnings": [{"code": one.code, "message": one.message} for one in self.warnings],
        }
