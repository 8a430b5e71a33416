"""The accelerator of a run: one of the catalogue, or the device that a bench measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmcost.catalog.columns import folded
from llmcost.catalog.gpus import Accelerator, accelerator
from llmcost.inputs import InputValue, Origin
from llmcost.studies.choices.given import Given

if TYPE_CHECKING:
    from llmcost.studies.saved import Saved

BENCH = "bench"


def chosen_part(given: Given, name: str) -> Accelerator:
    """Return the accelerator of this name, which a bench that is the anchor may have measured.

    Raises UnknownNameError or InputError for a name that neither knows.
    """
    measured = measured_part(given)
    if measured is not None and measured[0].name == folded(name):
        return measured[0]
    return accelerator(name)


def measured_part(given: Given) -> tuple[Accelerator, InputValue] | None:
    """Return the device of the bench that is the anchor, and as an input; `None` without one.

    Raises InputError where the file of an anchor cannot be read.
    """
    saved = _bench(given)
    if saved is None:
        return None
    from llmcost.studies.benching.devices import device_of

    part = device_of(saved.data, saved.name)
    told = f"{saved.name}: {saved.data['device']['name']}"
    origin = Origin("measured", told, str(saved.data["measured_at"])[:10])
    return part, InputValue(part.name, "", origin)


def _bench(given: Given) -> Saved | None:
    if not given.has("anchor"):
        return None
    from llmcost.studies.anchoring import saved_anchor

    saved = saved_anchor(given["anchor"])
    return saved if saved is not None and saved.kind == BENCH else None
