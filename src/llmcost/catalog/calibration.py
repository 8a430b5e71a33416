"""The constants of the model of a training step: fitted ones with their errors, fixed ones.

`calibration.toml` holds a table a constant. A fitted one has a prior, which says what it should be
before any measurement of training, and the value and standard error that the rows gave it. A fixed
one comes from a source. The file is what the calibration command writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmcost.catalog.files import cached_facts, overlay_folder, read_toml, toml_of
from llmcost.errors import DataError

FILE = "calibration.toml"
KINDS = ("fitted", "fixed")


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
def _calibration(_overlay: str) -> Calibration:
    return _parsed(read_toml(FILE), FILE)


def _parsed(document: Mapping[str, Any], name: str) -> Calibration:
    try:
        constants = {
            name: Constant(name=name, **fields) for name, fields in document["constants"].items()
        }
        return Calibration(constants, document["intervals"], document["meta"])
    except (KeyError, TypeError) as error:
        raise DataError(
            f"cannot be read as constants ({error}). Write it with: llmcost calibrate",
            file=name,
        ) from None
