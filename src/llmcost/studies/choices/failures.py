"""Goodput: given, or modelled from the failures of a cluster, its restarts and its checkpoints."""

from __future__ import annotations

from llmcost.amounts import spread_from
from llmcost.catalog.overheads import default
from llmcost.errors import InputError
from llmcost.inputs import Cluster, InputValue, Origin
from llmcost.studies.choices.choosing import Chosen, choose, from_default, from_user
from llmcost.studies.choices.given import Given

MODELLED = (
    "failure_rate",
    "restart_time",
    "maintenance_share",
)
CHECKPOINT = ("checkpoint_bandwidth", "checkpoint_bytes_per_parameter")
ONLY_MODELLED = (*MODELLED, *CHECKPOINT, "checkpoint_time", "checkpoint_interval")


def choose_goodput(given: Given, cluster: Cluster) -> dict[str, Chosen]:
    """Return the assumptions behind goodput, by name: `goodput` itself, or what it follows from.

    A goodput that the user gave holds for everything but steps that are given as slow; one that
    cannot be modelled, because the number of accelerators is not known, is a labelled default of
    the two together, beside which nobody can give slow steps once more. Raises InputError for
    what has no use beside a given goodput.
    """
    stated = given.has("goodput")
    if stated or cluster.num_gpus is None:
        why = "a given goodput" if stated else "no number of accelerators"
        _refuse(given, why)
        steady = from_user(given, "steady_share")
        if steady and not stated:
            raise InputError(
                "steady_share: got it without a number of accelerators, where the usual goodput "
                "has slow steps in it; give the number, or goodput too."
            )
        goodput = _given(given) if stated else _typical()
        return {"goodput": goodput} | ({"steady_share": steady} if steady else {})
    found = {name: choose(given, name) for name in MODELLED}
    return found | _checkpoints(given) | {"steady_share": choose(given, "steady_share")}


def _checkpoints(given: Given) -> dict[str, Chosen]:
    own = from_user(given, "checkpoint_time")
    if own is None:
        found = {name: choose(given, name) for name in CHECKPOINT}
    else:
        given.refuse("the time of a checkpoint", CHECKPOINT)
        found = {"checkpoint_time": own}
    interval = from_user(given, "checkpoint_interval")
    return found | ({"checkpoint_interval": interval} if interval else {})


def _refuse(given: Given, why: str) -> None:
    for name in ONLY_MODELLED:
        if given.has(name):
            raise InputError(f"{name}: got it beside {why}; goodput is modelled without one.")


def _given(given: Given) -> Chosen:
    spread = spread_from(given["goodput"], "", "goodput", share=True, maximum=1.0)
    return Chosen(spread, InputValue.of(spread, "", given.origin("goodput")))


def _typical() -> Chosen:
    known = default("goodput")
    chosen = from_default(known, "steady_share")
    source = f"{chosen.shown.origin.source}; slow steps included"
    return Chosen(chosen.spread, InputValue.of(chosen.spread, "", Origin("default", source)))
