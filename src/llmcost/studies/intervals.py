"""How sure is a predicted step time? 80% intervals by situation, from rows that were left out."""

from __future__ import annotations

from collections.abc import Iterable

from llmcost.catalog.calibration import Calibration, calibration
from llmcost.machine import Machine

KNOWN = "known"
NEW_FRAMEWORK = "new framework"
NEW_ACCELERATOR = "new accelerator"
EARLY_SOFTWARE = "early software"
MIXTURE = "mixture of experts"
LAYOUT_MISSING = "layout missing"
WHOLE_RUN = "whole run"
ANCHORED = "anchored"


def interval_of(situation: str, constants: Calibration | None = None) -> tuple[float, float]:
    """Return the 80% interval of a situation, as factors on a predicted time.

    A situation of several parts, joined by a comma, is as wide as the widest of them.
    """
    known = (constants or calibration()).intervals
    ends = [known[part] for part in situation.split(", ")]
    return min(end["low"] for end in ends), max(end["high"] for end in ends)


def _named(machine: Machine) -> bool:
    return machine.software.named and machine.vintage != "other"


def situation_of(
    machine: Machine,
    *,
    mixture: bool,
    layout_known: bool = True,
    constants: Iterable[str] | None = None,
) -> str:
    """Return the situation that a prediction is made in, its parts joined by a comma.

    `constants` are the names of the fitted constants, those in use unless given.
    """
    names = set(calibration().constants if constants is None else constants)
    parts = []
    if f"matmul.{machine.fitted_as}" not in names:
        parts.append(NEW_ACCELERATOR)
    if f"elementwise.{machine.vintage}" not in names or not _named(machine):
        parts.append(NEW_FRAMEWORK)
    if machine.vintage == "legacy":
        parts.append(EARLY_SOFTWARE)
    if mixture:
        parts.append(MIXTURE)
    if not layout_known:
        parts.append(LAYOUT_MISSING)
    return ", ".join(parts) or KNOWN
