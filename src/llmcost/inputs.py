"""The records of a run, where each value comes from, and the one door to the engine's columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import nan
from typing import Any

import numpy as np

from llmcost import engine
from llmcost.counting import AttentionGroup
from llmcost.sampling import INTERVAL, Spread, Stated

KINDS = ("user", "catalogue", "published", "measured", "modelled", "default")
WHOLE_UNITS = ("", "token", "GPU")
RECOMPUTE = ("none", "selective", "full")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from: its kind (one of KINDS), its source and the date it holds for."""

    kind: str
    source: str = ""
    as_of: str | None = None

    def to_dict(self) -> dict[str, str | None]:
        """Return the three fields as JSON holds them."""
        return {"kind": self.kind, "source": self.source or None, "as_of": self.as_of}


def as_whole(value: Any) -> Any:  # noqa: ANN401
    """Return a float that is a whole number, such as a count, as an int; anything else as it is."""
    whole_number = isinstance(value, float) and value.is_integer() and value > 1
    return int(value) if whole_number else value


@dataclass(frozen=True, slots=True)
class InputValue:
    """One input of a result: a value in a unit (or text), its range, and its origin.

    `low` and `high` are the 10th and 90th percentile, unless asked for others (`at`); `stated` is
    the distribution that the user stated, and `spread` what is drawn, where there is one; the
    number told is `told_times` as much (`times`).
    """

    value: float | str | list[dict[str, Any]] | None
    unit: str
    origin: Origin
    low: float | None = None
    high: float | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    stated: Stated | None = None
    spread: Spread | None = field(default=None, compare=False, repr=False)
    told_times: float = field(default=1.0, compare=False, repr=False)

    @classmethod
    def of(
        cls,
        spread: Spread,
        unit: str,
        origin: Origin,
        **detail: Any,  # noqa: ANN401
    ) -> InputValue:
        """Return the input that a spread states; a user's range says how it was read."""
        low, high = (None, None) if spread.exact else (spread.low, spread.high)
        if spread.stated is not None and origin.kind == "user":
            origin = replace(origin, source=f"{origin.source}, {spread.told(unit)}")
        return cls(spread.value, unit, origin, low, high, detail, spread.stated, spread)

    def at(self, level: float) -> InputValue:
        """Return the input with the ends that hold the share `level` of its draws."""
        if self.spread is None or self.low is None or level == INTERVAL:
            return self
        low, high = (end * self.told_times for end in self.spread.ends(level))
        return replace(self, low=low, high=high)

    def times(self, factor: float) -> InputValue:
        """Return the input in another convention, in which it is `factor` times what is drawn."""
        told = self.value * factor if isinstance(self.value, float) else self.value
        low, high = (None if end is None else end * factor for end in (self.low, self.high))
        return replace(self, value=told, low=low, high=high, told_times=factor)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this input."""
        value = as_whole(self.value) if self.unit in WHOLE_UNITS else self.value
        out: dict[str, Any] = {"value": value, "unit": self.unit}
        if self.low is not None:
            out |= {"low": self.low, "high": self.high}
        out["origin"] = self.origin.to_dict()
        if self.stated is not None:
            out["distribution"] = self.stated.to_dict()
        return out | ({"detail": dict(self.detail)} if self.detail else {})


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a run: tokens [token], sequence length, global batch [token] if known.

    `layout` is text of a parallel layout that holds for this stretch alone.
    """

    tokens: float
    seq_length: int
    name: str = ""
    global_batch_tokens: float | None = None
    layout: str | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """Which model, how many tokens."""

    phases: tuple[Phase, ...]
    parameters: float
    active_parameters: float
    matmul_parameters: float
    attention: tuple[AttentionGroup, ...] = ()
    causal: bool = True

    @property
    def tokens(self) -> float:
        """Tokens of all phases [token]."""
        return sum(phase.tokens for phase in self.phases)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which accelerators, how many, at what price: peak [FLOP/s/GPU], price [USD/GPU/hour]."""

    peak_flop_rate: float | None = None
    num_gpus: int | None = None
    price: Spread | None = None


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is assumed about the steps of a run: MFU, and the shares of each kind of recompute.

    `mfu_scale` restates a causal-halved MFU in the convention of the run's FLOP, after drawing;
    where phases have an MFU each, it holds one factor a phase. `phase_recompute` holds the shares
    of layers recomputed selectively and in full, one pair a phase, where those are known.
    """

    mfu: Spread | None
    recompute_shares: tuple[float, float, float] = (1.0, 0.0, 0.0)
    mfu_scale: float | tuple[float, ...] = 1.0
    phase_recompute: tuple[tuple[float, float], ...] = ()

    def spreads(self, cluster: Cluster) -> dict[str, Spread]:
        """Return every spread to draw, by column name."""
        named = {"mfu": self.mfu, "price": cluster.price}
        return {name: spread for name, spread in named.items() if spread is not None}

    def recompute_column(self, uniform: Any) -> tuple[Any, Any]:  # noqa: ANN401
        """Return the selective and full columns (0 or 1) from uniform draws between 0 and 1."""
        none, selective, _ = self.recompute_shares
        full = uniform >= none + selective
        return ((uniform >= none) & ~full).astype(float), full.astype(float)


def as_columns(
    workload: Workload,
    cluster: Cluster,
    assumptions: Assumptions,
    drawn: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the engine's columns for one run: one row, or one row a draw.

    `drawn` overrides columns by name with arrays of one value a row.
    """
    groups = workload.attention or (AttentionGroup(0, float("inf")),)
    most_common = assumptions.recompute_shares.index(max(assumptions.recompute_shares))
    columns = {
        "tokens": _column([phase.tokens for phase in workload.phases]),
        "seq_length": _column([phase.seq_length for phase in workload.phases]),
        "parameters": workload.parameters,
        "active_parameters": workload.active_parameters,
        "matmul_parameters": workload.matmul_parameters,
        "attention_width": _groups([group.width for group in groups]),
        "attention_span": _groups([group.span for group in groups]),
        "attention_chunked": _groups([group.chunked for group in groups]),
        "causal": float(workload.causal),
        "recompute_selective": float(most_common == 1),
        "recompute_full": float(most_common == 2),
        "peak_flop_rate": _or_nan(cluster.peak_flop_rate),
        "num_gpus": _or_nan(cluster.num_gpus),
        "mfu": assumptions.mfu.value if assumptions.mfu else nan,
        "price": cluster.price.value if cluster.price else nan,
    }
    columns |= drawn or {}
    columns["mfu"] = columns["mfu"] * _factor(assumptions.mfu_scale)
    if assumptions.phase_recompute:
        selective, full = zip(*assumptions.phase_recompute, strict=True)
        columns["recompute_selective"] = _column(list(selective))
        columns["recompute_full"] = _column(list(full))
    return columns


def model_flop(workload: Workload) -> float:
    """Return the training FLOP of a workload in its own attention convention [FLOP]."""
    plain = Assumptions(None)
    return float(engine.training_flop(as_columns(workload, Cluster(), plain))["model_flop"].item())


def _column(values: list[Any]) -> Any:  # noqa: ANN401
    return np.array(values, dtype=float)[:, None]


def _factor(scale: float | tuple[float, ...]) -> Any:  # noqa: ANN401
    return _column(list(scale)) if isinstance(scale, tuple) else scale


def _groups(values: list[Any]) -> Any:  # noqa: ANN401
    return np.array(values, dtype=float)[:, None, None]


def _or_nan(value: float | None) -> float:
    return nan if value is None else float(value)
