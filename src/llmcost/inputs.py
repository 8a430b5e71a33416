"""The records of a run, where each value comes from, and the one door to the engine's columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Any

import numpy as np

from llmcost import engine
from llmcost.counting import AttentionGroup
from llmcost.errors import InputError, UnitError, shown
from llmcost.reading import canonical_unit, read_count, read_quantity, read_range
from llmcost.sampling import Spread
from llmcost.units import in_unit, is_quantity, registry

KINDS = ("user", "catalogue", "published", "measured", "modelled", "default")
MAX_COUNT = 1e19
MIN_VALUE = 1e-9
MIN_SHARE = 1e-5
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
    """One input of a result: a value in a unit (or text), its range, and its origin."""

    value: float | str | list[dict[str, Any]] | None
    unit: str
    origin: Origin
    low: float | None = None
    high: float | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        spread: Spread,
        unit: str,
        origin: Origin,
        **detail: Any,  # noqa: ANN401
    ) -> InputValue:
        """Return the input that a spread states."""
        low, high = (None, None) if spread.exact else (spread.low, spread.high)
        return cls(spread.value, unit, origin, low, high, detail)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this input."""
        value = as_whole(self.value) if self.unit in WHOLE_UNITS else self.value
        out: dict[str, Any] = {"value": value, "unit": self.unit}
        if self.low is not None:
            out |= {"low": self.low, "high": self.high}
        out["origin"] = self.origin.to_dict()
        return out | ({"detail": dict(self.detail)} if self.detail else {})


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a run: tokens [token], sequence length, global batch [token] if known."""

    tokens: float
    seq_length: int
    name: str = ""
    global_batch_tokens: float | None = None


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
    """What is assumed about the run: MFU, goodput, and the shares of each kind of recompute.

    `mfu_scale` restates a causal-halved MFU in the convention of the run's FLOP, after drawing.
    """

    mfu: Spread | None
    goodput: Spread
    recompute_shares: tuple[float, float, float] = (1.0, 0.0, 0.0)
    mfu_scale: float = 1.0

    def spreads(self, cluster: Cluster) -> dict[str, Spread]:
        """Return every spread to draw, by column name."""
        named = {"mfu": self.mfu, "goodput": self.goodput, "price": cluster.price}
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
        "goodput": assumptions.goodput.value,
        "price": cluster.price.value if cluster.price else nan,
    }
    columns |= drawn or {}
    columns["mfu"] = columns["mfu"] * assumptions.mfu_scale
    return columns


def model_flop(workload: Workload) -> float:
    """Return the training FLOP of a workload in its own attention convention [FLOP]."""
    plain = Assumptions(None, Spread(1.0, 1.0, 1.0))
    return float(engine.training_flop(as_columns(workload, Cluster(), plain))["model_flop"].item())


def spread_from(
    value: object, unit: str, name: str, *, share: bool = False, maximum: float = MAX_COUNT
) -> Spread:
    """Return the spread that a user gave as text, quantity, number (without unit) or pair.

    A pair or ``low..high`` states the 10th and 90th percentile; the value is their mean. Raises
    InputError or UnitError that names the input.
    """
    ends = _ends(value, unit, name)
    spread_ends = [_checked(end, unit, name, share=share, maximum=maximum) for end in ends]
    low, high = spread_ends[0], spread_ends[-1]
    if low > high:
        raise InputError(f"{name}: got {shown(value)}; needs the lower end first.")
    middle = spread_ends[1] if len(spread_ends) == 3 else (low + high) / 2
    return Spread(low, middle, high, share=share)


def count_from(
    value: object, name: str, nouns: tuple[str, ...], maximum: float = MAX_COUNT
) -> float:
    """Return a positive count that a user gave as text, number or quantity.

    Raises InputError that names the input.
    """
    if isinstance(value, str):
        try:
            number = read_count(value, nouns)
        except InputError as error:
            raise InputError(f"{name}: {error}") from None
    elif is_quantity(value):
        number = _bare_count(value, name, nouns)
    elif isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
        number = _as_float(value, name)
    else:
        raise InputError(f"{name}: got {shown(value)}; needs a count, such as 405B or 16,000.")
    if 0 < number < 1:
        raise InputError(f"{name}: got {number:g}; needs at least 1.")
    return _checked(number, "", name, share=False, maximum=maximum)


def whole(number: float, name: str) -> int:
    """Return a count as a whole number; raises InputError for a fraction."""
    if not float(number).is_integer():
        raise InputError(f"{name}: got {number:g}; needs a whole number.")
    return int(number)


def _bare_count(value: Any, name: str, nouns: tuple[str, ...]) -> float:  # noqa: ANN401
    unit = {"tokens": "token", "gpus": "GPU"}.get(nouns[0] if nouns else "", "")
    if unit and value.dimensionless:
        unit = ""
    return float(in_unit(value, unit, name) if unit else _dimensionless(value, name))


def _dimensionless(value: Any, name: str) -> float:  # noqa: ANN401
    if not value.dimensionless:
        raise UnitError(f"{name}: got {value:~}; needs a plain count.")
    return float(value.to(registry().Unit("")).magnitude)


def _ends(value: object, unit: str, name: str) -> list[float]:
    if isinstance(value, tuple | list):
        if len(value) not in (2, 3):
            raise InputError(
                f"{name}: got {shown(value)}; needs (low, high) or (low, value, high)."
            )
        return [_one_end(end, unit, name) for end in value]
    if isinstance(value, str):
        try:
            pair = read_range(value)
        except InputError as error:
            raise type(error)(f"{name}: {error}") from None
        if pair is not None:
            return [_converted(end, unit, name) for end in pair]
    return [_one_end(value, unit, name)]


def _one_end(value: object, unit: str, name: str) -> float:
    if isinstance(value, str):
        try:
            return _converted(read_quantity(value), unit, name)
        except InputError as error:
            message = str(error)
            if message.startswith(f"{name}:"):
                raise
            raise type(error)(f"{name}: {message}") from None
    if isinstance(value, bool) or not (
        is_quantity(value) or isinstance(value, int | float | np.integer | np.floating)
    ):
        raise InputError(
            f"{name}: got {shown(value)}; needs a number{f' in {unit}' if unit else ''}."
        )
    if not unit and is_quantity(value):
        return _dimensionless(value, name)
    return _as_float(in_unit(value, unit, name), name)


def _as_float(value: Any, name: str) -> float:  # noqa: ANN401
    try:
        return float(value)
    except (OverflowError, TypeError, ValueError):
        raise InputError(f"{name}: got {shown(value)}; needs one finite number.") from None


def _converted(pair: tuple[float, str], unit: str, name: str) -> float:
    value, own = pair
    if not unit and own in ("", "percent"):
        return value / 100 if own else value
    if own and own == canonical_unit(unit):
        return value
    return float(in_unit(registry().Quantity(value, own), unit, name))


def _checked(value: float, unit: str, name: str, *, share: bool, maximum: float) -> float:
    shown_unit = f" {unit}" if unit else ""
    if not isfinite(value) or value <= 0:
        raise InputError(f"{name}: got {value:g}{shown_unit}; needs a finite number above 0.")
    if share and value > 1:
        raise InputError(
            f"{name}: got {value * 100:g}%; needs a share of at most 100%, such as 41% or 0.41."
        )
    minimum = MIN_SHARE if share else MIN_VALUE
    if value < minimum:
        raise InputError(f"{name}: got {value:g}{shown_unit}; needs at least {minimum:g}.")
    if value > maximum:
        raise InputError(
            f"{name}: got {value:g}{shown_unit}; needs at most {maximum:g}{shown_unit}."
        )
    return value


def _column(values: list[Any]) -> Any:  # noqa: ANN401
    return np.array(values, dtype=float)[:, None]


def _groups(values: list[Any]) -> Any:  # noqa: ANN401
    return np.array(values, dtype=float)[:, None, None]


def _or_nan(value: float | None) -> float:
    return nan if value is None else float(value)
