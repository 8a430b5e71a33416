"""What saved measurements must hold: the track of a run from its log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmcost.studies.saved.checks import (
    Check,
    WrongValueError,
    anything,
    cell,
    day,
    either,
    listed,
    mapped,
    maybe,
    number,
    ordered,
    record,
    text,
    word,
)
from llmcost.studies.saved.shapes import AMOUNT, INPUT, WARNINGS

# Every track says these, with a value or the reason why it has none.
RESULTS = (
    *("steps", "steps_executed", "first_step", "last_step", "median_step_time"),
    *("tokens_per_step", "tokens_per_second", "tokens_per_gpu_second", "num_gpus", "mfu"),
    *("goodput", "gpu_hours", "cost", "cost_to_finish", "finish_date"),
)
DAYS = ("finish_date",)
_END = maybe(either(number, day, "a number or a day"))


def reading(value: Any) -> None:  # noqa: ANN401
    """Allow a value in a unit with both its ends or neither, or null with the reason."""
    _READING(value)
    if value["value"] is None:
        _UNKNOWN(value)
        return
    ends = [value[name] for name in ("value", "low", "high") if value.get(name) is not None]
    if len({isinstance(end, str) for end in ends}) > 1:
        raise WrongValueError(value, "a value and ends that are all numbers or all days")
    _IN_ORDER(value)


_READING = record(
    {"value": _END, "unit": text}, {"low": _END, "high": _END, "reason": text, "how": text}
)
_UNKNOWN = record({"reason": word})
_IN_ORDER = record({}, None, ordered())
# The parts of the time from the first stamp to the last, which add up to `total`.
WALL_CLOCK = record({"parts": mapped(AMOUNT), "total": AMOUNT})
_SIDE = record({"gpu_hours": number}, {"cost": maybe(number)})
# What was measured beside an estimate, and the causes that lead from one to the other.
DIFFERENCE = record(
    {
        "estimate": text,
        "predicted": _SIDE,
        "predicted_for_these_tokens": _SIDE,
        "measured": _SIDE,
        "causes": mapped(_SIDE),
        "units": mapped(text, needed=("gpu_hours", "cost")),
    }
)
_NUMBERS = listed(maybe(number))
# Step times in the order of the log, one entry for one or more records.
SERIES = record(dict.fromkeys(("step", "step_time", "steps", "stalls", "segment"), _NUMBERS))
_REPORTS: dict[str, Check] = {
    "wall_clock": maybe(WALL_CLOCK),
    "difference": maybe(DIFFERENCE),
    "series": maybe(SERIES),
    "last_day": maybe(
        record({}, {"time_to_finish": record({"value": maybe(number), "unit": text})})
    ),
    "stated": maybe(record({}, {"conventions": mapped(maybe(text))})),
}


def _days(value: Mapping[str, Any]) -> None:
    """Allow days where days belong, and numbers everywhere else."""
    for name, one in value["results"].items():
        if one["value"] is not None and isinstance(one["value"], str) != (name in DAYS):
            needed = "a day such as 2024-07-31" if name in DAYS else "a number"
            wrong = WrongValueError(one["value"], needed)
            wrong.place += ["value", name, "results"]
            raise wrong


TRACK = record(
    {
        "results": mapped(reading, needed=RESULTS),
        "inputs": mapped(INPUT),
        "segments": listed(mapped(cell)),
        "warnings": WARNINGS,
    },
    {
        "llmcost_version": text,
        "data_version": text,
        "command": text,
        "reports": record({}, _REPORTS),
        "draws": anything,
    },
    _days,
)
