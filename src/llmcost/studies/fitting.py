"""Fit the constants of the model of a step to measured steps.

Constants are fitted in their logarithm by damped Gauss-Newton steps on the logarithm of predicted
over measured time, each constant pulled to its prior, large residuals weighted down (Huber 1964).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost import engine
from llmcost.catalog.calibration import Calibration, Constant
from llmcost.machine import Machine, rates
from llmcost.shapes import stacked, step_columns
from llmcost.studies.stepping import rows_of

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
        self._readers: dict[str, list[int]] = {}

    def predict(self, constants: Mapping[str, float]) -> Floats:
        """Return the predicted time of every step [s]."""
        return self._times(constants, range(len(self._machines)), self._fixed, self._place)

    def nudged(self, times: Floats, constants: Mapping[str, float], name: str) -> Floats:
        """Return the times after one constant changed, from those before [s].

        Only rows whose machine reads that constant are worked out anew.
        """
        machines = self._reading(constants).get(name, [])
        rows = np.flatnonzero(np.isin(self._place, machines))
        if not rows.size:
            return times
        place = np.searchsorted(machines, self._place[rows])
        found = times.copy()
        found[rows] = self._times(constants, machines, rows_of(self._fixed, rows), place)
        return found

    def _times(
        self,
        constants: Mapping[str, float],
        machines: Iterable[int],
        fixed: Mapping[str, Any],
        place: Any,  # noqa: ANN401
    ) -> Floats:
        table = [rates(self._machines[i], constants) for i in machines]
        columns = {name: np.array([row[name] for row in table])[place] for name in table[0]}
        times = engine.step({**fixed, **columns})["step_time"]
        return np.asarray(times, dtype=np.float64)

    def _reading(self, constants: Mapping[str, float]) -> dict[str, list[int]]:
        """Return which machines read each constant."""
        if not self._readers:
            for i, machine in enumerate(self._machines):
                watched = Watched(constants)
                rates(machine, watched)
                for name in watched.read:
                    self._readers.setdefault(name, []).append(i)
        return self._readers


class Watched(dict[str, float]):
    """Constants that remember which of them were read."""

    def __init__(self, values: Mapping[str, float]) -> None:
        super().__init__(values)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> float:
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401
        """Return a constant, or the default; either way it was read."""
        self.read.add(name)
        return super().get(name, default)


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
    names = [one.name for one in fitted]
    theta, spread = _descend(batch, dict(start.values), names, prior, width)
    constants = dict(start.constants)
    for one, place, error in zip(fitted, theta, spread, strict=True):
        constants[one.name] = replace(one, value=float(np.exp(place)), standard_error=float(error))
    return replace(start, constants=constants)


def _prior(one: Constant) -> tuple[float, float]:
    if one.prior is None or one.prior_width is None:
        raise ValueError(f"{one.name}: a fitted constant needs a prior and its width")
    return one.prior, one.prior_width


def _descend(
    batch: Batch, values: dict[str, float], names: Sequence[str], prior: Floats, width: Floats
) -> tuple[Floats, Floats]:
    """Return the constants of least penalised error (logarithms) and their standard errors."""
    theta = prior.copy()
    system = np.zeros((1, prior.size))
    for _ in range(STEPS):
        values.update(zip(names, np.exp(theta), strict=True))
        times = batch.predict(values)
        scale = batch.weight / batch.noise
        found = np.log(times / batch.measured) * scale
        slopes = np.empty((found.size, theta.size))
        for i, name in enumerate(names):
            nudged = {**values, name: values[name] * float(np.exp(NUDGE))}
            slopes[:, i] = np.log(batch.nudged(times, nudged, name) / times) * scale / NUDGE
        trust = np.sqrt(1.0 / np.maximum(1.0, np.abs(found / batch.weight) / HUBER))
        system = np.vstack([slopes * trust[:, None], np.diag(1.0 / width)])
        target = np.concatenate([found * trust, (theta - prior) / width])
        move = np.clip(np.linalg.lstsq(system, -target, rcond=None)[0], -LONGEST, LONGEST)
        theta = theta + move
        if np.abs(move).max() < NUDGE:
            break
    return theta, np.sqrt(np.diag(np.linalg.inv(system.T @ system)))
