"""The constants of the model of a training step: fitted ones with their errors, fixed ones.

`calibration.toml` holds a table a constant. A fitted one has a prior, which says what it should be
before any measurement of training, and the value and standard error that the rows gave it. A fixed
one comes from a source. The file is what the calibration command writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from llmcost.catalog.files import cached_facts, overlay_folder, read_toml, toml_of
from llmcost.errors import DataError, one_of, shown

FILE = "calibration.toml"
KINDS = ("fitted", "fixed", "median")


@dataclass(frozen=True, slots=True)
class Constant:
    """One constant: `value` times whatever it scales; `standard_error` is that of its logarithm.

    `prior` and `prior_width` (of the logarithm) are those of a fitted constant.
    """

    name: str
    kind: str
    value: float
    meaning: str
    standard_error: float | None = None
    prior: float | None = None
    prior_width: float | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """All constants by name, the widths of prediction intervals, and how the fit was made."""

    constants: Mapping[str, Constant]
    intervals: Mapping[str, Mapping[str, float]]
    meta: Mapping[str, Any]

    @property
    def values(self) -> dict[str, float]:
        """The value of every constant by name."""
        return {name: one.value for name, one in self.constants.items()}


def calibration() -> Calibration:
    """Return the constants in use; raises DataError for a faulty file."""
    return _calibration(str(overlay_folder() or ""))


def read_calibration(path: str | Path) -> Calibration:
    """Return the constants of a calibration file; raises DataError for a faulty one."""
    return _parsed(toml_of(Path(path)), str(path))


@cached_facts
def _calibration(overlay: str) -> Calibration:
    own = Path(overlay, FILE)
    if overlay and own.is_file():
        return read_calibration(own)
    return _parsed(read_toml(FILE), FILE)


def _parsed(document: Mapping[str, Any], file: str) -> Calibration:
    try:
        constants = {
            name: Constant(name=name, **fields) for name, fields in document["constants"].items()
        }
        intervals = {
            name: {end: float(value) for end, value in ends.items()}
            for name, ends in document["intervals"].items()
        }
        meta = {**document["meta"]}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _fault(f"cannot be read as constants ({error})", file) from None
    for one in constants.values():
        _check(one, file)
    for name, ends in intervals.items():
        _check_interval(name, ends, file)
    return Calibration(constants, intervals, meta)


def _check(one: Constant, file: str) -> None:
    if one.kind not in KINDS:
        raise _fault(f"{one.name}: kind is {shown(one.kind)}; needs {one_of(KINDS)}", file)
    fitted = ("standard_error", "prior", "prior_width") if one.kind == "fitted" else ()
    for field in ("value", *fitted):
        value = getattr(one, field)
        if not _positive(value):
            raise _fault(f"{one.name}: {field} is {shown(value)}; needs a number above 0", file)
    if not isinstance(one.meaning, str) or not one.meaning:
        raise _fault(f"{one.name}: meaning is {shown(one.meaning)}; needs a sentence", file)


def _check_interval(name: str, ends: Mapping[str, float], file: str) -> None:
    low, high = ends.get("low", 0.0), ends.get("high", 0.0)
    if not 0 < low <= 1 <= high < inf:
        raise _fault(
            f"interval {name}: got {low:g} to {high:g}; needs factors on either side of 1", file
        )


def _positive(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 < value < inf  # type: ignore[operator]


def _fault(message: str, file: str) -> DataError:
    return DataError(f"{message}. Write it with: llmcost calibrate", file=file)
