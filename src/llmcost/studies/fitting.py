"""Fit the constants of the model of a step to measured steps.

Constants are fitted in their logarithm by damped Gauss-Newton steps on the logarithm of predicted
over measured time, each constant pulled to its prior, large residuals weighted down (Huber 1964).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost import engine
from llmcost.catalog.calibration import Calibration, Constant
from llmcost.machine import Machine, rates
from llmcost.shapes import stacked, step_columns
from llmcost.studies.stepping import memory_recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STEPS = 14
NUDGE = 1e-3
LONGEST = 0.5
HUBER = 1.3
NOISE = {False: 0.08, True: 0.15}
# From this many configurations on, a source weighs by the fourth root of what it has more.
USUAL_SOURCE = 20


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured step, with every knob chosen: layout is one row of columns."""

    architecture: Any
    machine: Machine
    layout: Mapping[str, float]
    num_gpus: int
    measured: float
    source: str
    configuration: object
    mixture: bool


class Batch:
    """Samples as columns, whose rates follow from constants."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.measured = np.array([sample.measured for sample in samples])
        self.weight = _weights(samples)
        self.noise = np.array([NOISE[sample.mixture] for sample in samples])
        shapes: dict[Any, dict[str, Any]] = {}
        for sample in samples:
            if sample.architecture not in shapes:
                shapes[sample.architecture] = step_columns(sample.architecture)
        self._fixed = stacked([shapes[sample.architecture] for sample in samples])
        for name in samples[0].layout:
            self._fixed[name] = np.array([sample.layout[name] for sample in samples])
        self._fixed["num_gpus"] = np.array([float(sample.num_gpus) for sample in samples])
        self._machines = list(dict.fromkeys(sample.machine for sample in samples))
        place = {machine: i for i, machine in enumerate(self._machines)}
        self._place = np.array([place[sample.machine] for sample in samples])

    def predict(self, constants: Mapping[str, float]) -> Floats:
        """Return the predicted time of every step [s]."""
        table = [rates(machine, constants) for machine in self._machines]
        columns = {
            name: np.array([row[name] for row in table])[self._place] for name in table[0]
        }
        times = engine.step({**self._fixed, **columns})["step_time"]
        return np.asarray(times, dtype=np.float64)


def _weights(samples: Sequence[Sample]) -> Floats:
    """Return the weight of each row: one for a configuration, large sources held down."""
    repeats = Counter((sample.source, sample.configuration) for sample in samples)
    sizes = Counter(source for source, _ in repeats)
    return np.array(
        [
            repeats[sample.source, sample.configuration] ** -0.5
            * max(sizes[sample.source] / USUAL_SOURCE, 1.0) ** -0.25
            for sample in samples
        ]
    )


def fit(samples: Sequence[Sample], start: Calibration) -> Calibration:
    """Return the calibration whose fitted constants the samples give, with standard errors."""
    batch = Batch(samples)
    fitted = [one for one in start.constants.values() if one.kind == "fitted"]
    prior = np.log([_prior(one)[0] for one in fitted])
    width = np.array([_prior(one)[1] for one in fitted])
    values = dict(start.values)

    def residuals(theta: Floats) -> Floats:
        values.update(zip((one.name for one in fitted), np.exp(theta), strict=True))
        return np.log(batch.predict(values) / batch.measured) / batch.noise * batch.weight

    theta, spread = _descend(residuals, prior, width, batch.weight)
    constants = dict(start.constants)
    for one, place, error in zip(fitted, theta, spread, strict=True):
        constants[one.name] = replace(
            one, value=float(np.exp(place)), standard_error=float(error)
        )
    return replace(start, constants=constants)


def _prior(one: Constant) -> tuple[float, float]:
    if one.prior is None or one.prior_width is None:
        raise ValueError(f"{one.name}: a fitted constant needs a prior and its width")
    return one.prior, one.prior_width


def _descend(
    residuals: Callable[[Floats], Floats], prior: Floats, width: Floats, weight: Floats
) -> tuple[Floats, Floats]:
    """Return the constants of least penalised error (logarithms) and their standard errors."""
    theta = prior.copy()
    system = np.zeros((1, prior.size))
    for _ in range(STEPS):
        found = residuals(theta)
        slopes = np.empty((found.size, theta.size))
        for i in range(theta.size):
            nudged = theta.copy()
            nudged[i] += NUDGE
            slopes[:, i] = (residuals(nudged) - found) / NUDGE
        trust = np.sqrt(1.0 / np.maximum(1.0, np.abs(found / weight) / HUBER))
        system = np.vstack([slopes * trust[:, None], np.diag(1.0 / width)])
        target = np.concatenate([found * trust, (theta - prior) / width])
        move = np.clip(np.linalg.lstsq(system, -target, rcond=None)[0], -LONGEST, LONGEST)
        theta = theta + move
        if np.abs(move).max() < NUDGE:
            break
    return theta, np.sqrt(np.diag(np.linalg.inv(system.T @ system)))
