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
from llmcost.reading import Wanted, canonical_unit, read_count, read_quantity, read_range
from llmcost.sampling import Spread
from llmcost.units import (
    SHARE,
    in_unit,
    is_number,
    is_quantity,
    named,
    refuse_foreign,
    registry,
    told,
    wanted,
)

KINDS = ("user", "catalogue", "published", "measured", "modelled", "default")
MAX_COUNT = 1e19
MIN_VALUE = 1e-9
MIN_SHARE = 1e-5
WHOLE_UNITS = ("", "token", "GPU")
COUNT = Wanted("a count above 0", "405B, 15T, 16k or 16,000")
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
    """What is assumed about the run: MFU, goodput, and the shares of each kind of recompute.

    `mfu_scale` restates a causal-halved MFU in the convention of the run's FLOP, after drawing;
    where phases have an MFU each, it holds one factor a phase. `phase_recompute` holds the shares
    of layers recomputed selectively and in full, one pair a phase, where those are known.
    """

    mfu: Spread | None
    goodput: Spread
    recompute_shares: tuple[float, float, float] = (1.0, 0.0, 0.0)
    mfu_scale: float | tuple[float, ...] = 1.0
    phase_recompute: tuple[tuple[float, float], ...] = ()

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
    columns["mfu"] = columns["mfu"] * _factor(assumptions.mfu_scale)
    if assumptions.phase_recompute:
        selective, full = zip(*assumptions.phase_recompute, strict=True)
        columns["recompute_selective"] = _column(list(selective))
        columns["recompute_full"] = _column(list(full))
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
    kind = SHARE if share else wanted(unit)
    ends = [
        _checked(end, unit, name, kind=kind, maximum=maximum, got=got)
        for end, got in _ends(value, unit, name, kind)
    ]
    low, high = ends[0], ends[-1]
    if low > high:
        raise InputError(f"{name}: got {shown(value)}; needs the lower end first.")
    middle = ends[1] if len(ends) == 3 else (low + high) / 2
    return Spread(low, middle, high, share=share)


def count_from(
    value: object, name: str, nouns: tuple[str, ...], maximum: float = MAX_COUNT
) -> float:
    """Return a positive count that a user gave as text, number or quantity.

    Raises InputError that names the input.
    """
    if isinstance(value, str):
        try:
            number = read_count(value, nouns, COUNT)
        except InputError as error:
            raise named(name, error) from None
    elif is_quantity(value):
        number = _bare_count(value, name, nouns)
    elif is_number(value):
        number = _as_float(value, name)
    else:
        raise InputError(f"{name}: got {shown(value)}; needs {COUNT}.")
    got = shown(value) if isinstance(value, str) else _figure(number)
    if 0 < number < 1:
        raise InputError(f"{name}: got {got}; needs a count of at least 1.")
    return _checked(number, "", name, kind=COUNT, maximum=maximum, got=got)


def whole(number: float, name: str) -> int:
    """Return a count as a whole number; raises InputError for a fraction."""
    if not float(number).is_integer():
        raise InputError(f"{name}: got {_figure(number)}; needs a whole number.")
    return int(number)


def near_power_of_two(value: float) -> int | None:
    """Return the power of two that a round decimal length probably stands for, or `None`.

    It is at most 3% above a multiple of 1,000, or 5% above a multiple of 1,000,000.

    >>> near_power_of_two(8000), near_power_of_two(128_000), near_power_of_two(8192)
    (8192, 131072, None)
    """
    if not 1000 <= value <= MAX_COUNT or value % 1000:
        return None
    power = 1 << (int(value) - 1).bit_length()
    slack = 1.05 if value % 1_000_000 == 0 else 1.03
    return power if value < power <= value * slack else None


def _bare_count(value: Any, name: str, nouns: tuple[str, ...]) -> float:  # noqa: ANN401
    refuse_foreign(value, name)
    unit = {"tokens": "token", "gpus": "GPU"}.get(nouns[0] if nouns else "", "")
    if unit and value.dimensionless:
        unit = ""
    return float(in_unit(value, unit, name) if unit else _dimensionless(value, name))


def _dimensionless(value: Any, name: str, kind: Wanted = COUNT) -> float:  # noqa: ANN401
    refuse_foreign(value, name)
    if not value.dimensionless:
        raise UnitError(f"{name}: got {told(value)}; needs {kind}.")
    return _as_float(value.to("").magnitude, name)


def _ends(value: object, unit: str, name: str, kind: Wanted) -> list[tuple[float, str]]:
    """Return each end that was given in `unit`, and how a message shows it."""
    if isinstance(value, tuple | list):
        if len(value) not in (2, 3):
            raise InputError(
                f"{name}: got {shown(value)}; needs (low, high) or (low, value, high)."
            )
        return [_one_end(end, unit, name, kind) for end in value]
    if isinstance(value, str):
        try:
            pair = read_range(value, kind) or (read_quantity(value, kind),)
            return [(_converted(end, unit, name, value), shown(value)) for end in pair]
        except UnitError as error:
            if kind is SHARE:
                raise UnitError(f"{name}: got {shown(value)}; needs {kind}.") from None
            raise named(name, error) from None
        except InputError as error:
            raise named(name, error) from None
    return [_one_end(value, unit, name, kind)]


def _one_end(value: object, unit: str, name: str, kind: Wanted) -> tuple[float, str]:
    if isinstance(value, str):
        if ".." in value:
            raise InputError(f"{name}: got {shown(value)}; needs one number at each end.")
        return _ends(value, unit, name, kind)[0]
    if not is_quantity(value) and not is_number(value):
        raise InputError(f"{name}: got {shown(value)}; needs {kind}.")
    if not unit and is_quantity(value):
        return _dimensionless(value, name, kind), told(value)
    number = _as_float(in_unit(value, unit, name), name)
    return number, told(value) if is_quantity(value) else _figure(number)


def _as_float(value: Any, name: str) -> float:  # noqa: ANN401
    try:
        return float(value)
    except (OverflowError, TypeError, ValueError):
        raise InputError(f"{name}: got {shown(value)}; needs one finite number.") from None


def _converted(pair: tuple[float, str], unit: str, name: str, text: str) -> float:
    value, own = pair
    if not unit and own in ("", "percent"):
        return value / 100 if own else value
    if own and own == canonical_unit(unit):
        return value
    return float(in_unit(registry().Quantity(value, own), unit, name, shown(text)))


def _checked(
    value: float, unit: str, name: str, *, kind: Wanted, maximum: float, got: str
) -> float:
    in_units = f" {unit}" if unit else ""
    if not isfinite(value) or value <= 0:
        above = "" if "above 0" in kind.what else " above 0"
        raise InputError(f"{name}: got {got}; needs {kind.what}{above}, such as {kind.example}.")
    if kind is SHARE and value > 1:
        percent = "" if "%" in got else f", which is {_figure(value * 100)}%"
        raise InputError(
            f"{name}: got {got}{percent}; needs a share of at most 100%, such as 41% or 0.41."
        )
    minimum = MIN_SHARE if kind is SHARE else MIN_VALUE
    if value < minimum:
        raise InputError(f"{name}: got {got}; needs at least {minimum:g}{in_units}.")
    if value > maximum:
        raise InputError(f"{name}: got {got}; needs at most {_figure(maximum)}{in_units}.")
    return value


def _figure(number: float) -> str:
    """Return a number in as many digits as it has, without the plus sign of an exponent."""
    return f"{number:,.15g}".replace("e+0", "e").replace("e+", "e")


def _column(values: list[Any]) -> Any:  # noqa: ANN401
    return np.array(values, dtype=float)[:, None]


def _factor(scale: float | tuple[float, ...]) -> Any:  # noqa: ANN401
    return _column(list(scale)) if isinstance(scale, tuple) else scale


def _groups(values: list[Any]) -> Any:  # noqa: ANN401
    return np.array(values, dtype=float)[:, None, None]


def _or_nan(value: float | None) -> float:
    return nan if value is None else float(value)
