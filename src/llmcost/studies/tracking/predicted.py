"""The estimate that a tracked run is held against, as it was saved."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmcost.errors import InputError, shown
from llmcost.inputs import InputValue
from llmcost.sampling import Spread
from llmcost.studies.rereading import input_of

SCHEMA = "llmcost.estimate/1"
NEEDED = ("tokens", "gpu_hours")
HELP = "save one with: llmcost estimate ... -o estimate.json"


@dataclass(frozen=True, slots=True)
class Predicted:
    """An estimate: its inputs, its results by name, and the name of its file."""

    name: str
    inputs: Mapping[str, InputValue]
    results: Mapping[str, float | None]

    @classmethod
    def of(cls, estimate: object) -> Predicted:
        """Return the estimate of a file, a JSON document, or an `Estimate`; raises InputError."""
        name, document = _document(estimate)
        if document.get("schema") != SCHEMA:
            raise InputError(
                f"estimate: {name} is {shown(document.get('schema'))}; needs {SCHEMA}: {HELP}."
            )
        results = {key: one.get("value") for key, one in document["results"].items()}
        for key in NEEDED:
            if results.get(key) is None:
                raise InputError(
                    f"estimate: {name} has no {key.replace('_', '-')}; needs an estimate with an "
                    f"accelerator: {HELP}."
                )
        inputs = {key: input_of(key, one) for key, one in document["inputs"].items()}
        return cls(name, inputs, results)

    @property
    def where(self) -> str:
        """The words that say where a value comes from."""
        return f"the estimate {self.name}".removesuffix(" estimate")

    def text(self, name: str) -> str | None:
        """Return an input that is a word, `None` where there is none."""
        found = self.inputs.get(name)
        return found.value if found is not None and isinstance(found.value, str) else None

    def number(self, name: str) -> float | None:
        """Return an input that is a number, `None` where there is none."""
        found = self.inputs.get(name)
        known = found is not None and isinstance(found.value, int | float)
        return float(found.value) if known else None  # type: ignore[union-attr, arg-type]

    def numbers(self, *names: str) -> dict[str, float]:
        """Return those of several inputs that are numbers."""
        return {name: value for name in names if (value := self.number(name)) is not None}

    @property
    def price(self) -> Spread | None:
        """What an accelerator-hour costs in it [USD/GPU/hour]."""
        found, value = self.inputs.get("price"), self.number("price")
        if found is None or value is None:
            return None
        return Spread(found.low or value, value, found.high or value)


def _document(estimate: object) -> tuple[str, Mapping[str, Any]]:
    from llmcost.studies.saved import read_saved
    from llmcost.studies.saved.kinds import check_result

    if isinstance(estimate, str | os.PathLike):
        saved = read_saved(estimate)
        return saved.name, saved.data
    if hasattr(estimate, "to_dict"):
        estimate = estimate.to_dict()
    if not isinstance(estimate, Mapping):
        raise InputError(f"estimate: got {shown(estimate)}; needs the file of an estimate: {HELP}.")
    return "estimate", check_result(dict(estimate), "estimate")
