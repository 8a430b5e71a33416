"""What each kind of saved result must hold: the parts that reports and pictures are made of.

Every part that the views read is named here, so that a file that passes can be drawn. Parts that a
later version adds are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from llmcost.inputs import KINDS
from llmcost.ranges import KINDS as KINDS_OF_RANGE
from llmcost.studies.comparison.parts import STATUSES
from llmcost.studies.rereading import INPUTS, RESULTS
from llmcost.studies.saved.checks import (
    Check,
    MissingPartError,
    WrongValueError,
    among,
    anything,
    cell,
    either,
    flag,
    level,
    listed,
    mapped,
    maybe,
    number,
    ordered,
    positive,
    record,
    share,
    text,
    whole,
    word,
)

WARNINGS = listed(record({"code": text, "message": text}))
META: dict[str, Check] = {
    "llmcost_version": text,
    "data_version": text,
    "interval": level,
    "draws": whole,
    "seed": whole,
}
TEXTS = listed(text)
ORIGIN = record({"kind": among(KINDS)}, {"source": maybe(text), "as_of": maybe(text)})
ENDS: dict[str, Check] = {"low": maybe(number), "high": maybe(number)}
QUANTITY = record(
    {"value": maybe(number), "unit": text}, {**ENDS, "median": maybe(number)}, ordered()
)
AMOUNT = record({"value": number, "unit": text})
PHASES = listed(
    record({"tokens": positive, "seq_length": whole, "name": text}, {"mfu": maybe(number)}), least=1
)
VALUE = either(
    cell, PHASES, "a number, text, null, or phases with a name, tokens and a sequence length"
)
DISTRIBUTION = record(
    {"kind": among(KINDS_OF_RANGE), "p5": number, "p95": number}, None, ordered("p5", "p95")
)
DETAIL = record(
    {},
    {
        "terms": maybe(text),
        "provider": maybe(text),
        "providers": maybe(whole),
        "rows": maybe(whole),
        "newest": maybe(text),
        "as_of": maybe(text),
        "price_ids": TEXTS,
        "sources": TEXTS,
        "not_counted": TEXTS,
    },
)
INPUT = record(
    {"value": VALUE, "unit": text, "origin": ORIGIN},
    {**ENDS, "detail": DETAIL, "distribution": DISTRIBUTION},
    ordered(),
)
STEP_PHASE = record(
    {
        "tokens": number,
        "seq_length": whole,
        "global_batch_size": whole,
        "layout": text,
        "step_time": AMOUNT,
    },
    {"name": text, "fits": flag},
)
STEP = record(
    {
        "layout": text,
        "parts": mapped(record({"value": number, "unit": text, "share": number})),
    },
    {
        "layouts_searched": maybe(whole),
        "layouts_that_fit": maybe(whole),
        "situation": maybe(text),
        "phases": listed(STEP_PHASE),
    },
)
MEMORY = record(
    {
        "parts": mapped(AMOUNT),
        "total": AMOUNT,
        "capacity": AMOUNT,
        "usable": AMOUNT,
        "headroom": AMOUNT,
        "fits": flag,
    }
)
RENTAL = record(
    {
        "terms": text,
        "provider": maybe(text),
        "providers": maybe(whole),
        "price": maybe(number),
        "low": maybe(number),
        "high": maybe(number),
        "newest": maybe(text),
        "unit": text,
        "grades": maybe(text),
        "price_ids": TEXTS,
    },
    {"sources": TEXTS},
    ordered(),
)
SCALE = record({"num_gpus": whole, "goodput": share})


def histogram(value: Any) -> None:  # noqa: ANN401
    """Allow counts between edges that rise, one edge more than counts."""
    _HISTOGRAM(value)
    edges, counts = value["edges"], value["counts"]
    if len(edges) != len(counts) + 1 or any(b <= a for a, b in pairwise(edges)):
        raise WrongValueError(value, "counts between edges that rise, one edge more than counts")


_HISTOGRAM = record({"edges": listed(number, least=2), "counts": listed(whole)}, {"unit": text})
STEP_OF_METHOD = record(
    {
        "name": word,
        "value": maybe(either(number, text, "a number or text")),
        "low": maybe(number),
        "high": maybe(number),
        "unit": text,
        "how": text,
        "sources": TEXTS,
    },
    None,
    ordered(),
)
METHOD_PARTS: dict[str, Check] = {
    "method": text,
    "results": listed(STEP_OF_METHOD),
    "notes": TEXTS,
}
OWNED_PARTS = ("owned_servers_cost", "owned_network_cost", "owned_capital_cost", "energy_cost")


def _owned(value: Mapping[str, Any]) -> None:
    """Allow costs whose parts of owning stand beside the whole."""
    if any(name in value["results"] for name in OWNED_PARTS):
        _lacking(value, "results", "owned_cost")


def _lacking(value: Mapping[str, Any], part: str, name: str) -> None:
    if name not in value[part]:
        missing = MissingPartError(None, "a whole document as llmcost wrote it")
        raise _placed(missing, part, name)


RESTATED = record(
    {
        "unit": text,
        "told": text,
        "source": text,
        "as_of": maybe(text),
        "results": mapped(
            record(
                {"value": maybe(number), "low": maybe(number), "high": maybe(number)},
                None,
                ordered(),
            )
        ),
        "warnings": TEXTS,
    },
    None,
    _owned,
)
THRESHOLD = record(
    {
        "id": text,
        "law": text,
        "jurisdiction": text,
        "applies_to": text,
        "status": text,
        "threshold": number,
        "unit": text,
        "value": maybe(number),
        "ratio": maybe(number),
        "share_above": maybe(share),
        "share_above_all": maybe(share),
        "evidence": text,
        "result": maybe(text),
        "sources": TEXTS,
        "as_of": maybe(text),
        "advice": text,
    }
)
_ESTIMATE: dict[str, Check] = {
    **META,
    "inputs": mapped(INPUT, needed=INPUTS),
    "results": mapped(QUANTITY, needed=RESULTS),
    "warnings": WARNINGS,
}
_REPORTS: dict[str, Check] = {
    "step": STEP,
    "memory": MEMORY,
    "rentals": listed(RENTAL),
    "goodput_by_scale": listed(SCALE),
    "histograms": mapped(histogram),
    "method": record(METHOD_PARTS),
    "restated": listed(RESTATED),
    "thresholds": listed(THRESHOLD),
    "command": text,
}


def _whole_run(value: Mapping[str, Any]) -> None:
    """Allow an estimate that tells the precision of its accelerator and the time of its step."""
    if "gpu" in value["inputs"]:
        _lacking(value, "inputs", "precision")
    if "step" in value:
        _lacking(value, "results", "step_time")
    _ATTENTION(value["inputs"]["attention_flop"]["value"])


_ATTENTION = among(("causal", "full"))
ESTIMATE = record(_ESTIMATE, _REPORTS, _whole_run, _owned)
DELTA = record({"difference": QUANTITY, "ratio": QUANTITY})
SETUP = record(
    {
        "name": text,
        "arguments": mapped(anything),
        "status": among(STATUSES),
        "reason": maybe(text),
        "no_price": maybe(text),
        "terms": maybe(text),
        "headroom": maybe(QUANTITY),
        "limits": mapped(maybe(number)),
        "deltas": mapped(DELTA),
        "shares": mapped(maybe(share)),
        "notes": WARNINGS,
        "estimate": maybe(ESTIMATE),
    },
    {"limited_by": maybe(text), "next_limit": maybe(text)},
)
PAIR = record({"a": text, "b": text, "result": text, "less": maybe(share), "more": maybe(share)})
BREAK_EVEN = record({"setup": text, "against": text, "price_now": maybe(number), "price": QUANTITY})


def _names(value: Mapping[str, Any]) -> None:
    """Allow a comparison whose lists name each of its setups as often as they may."""
    names = [setup["name"] for setup in value["setups"]]
    seen: dict[str, int] = {}
    for at, name in enumerate(names):
        if seen.setdefault(name, at) != at:
            raise _placed(
                WrongValueError(name, f"a name of its own; setups[{seen[name]}] has it"),
                "setups",
                at,
                "name",
            )
    if sorted(value["order"]) != sorted(names):
        raise _placed(WrongValueError(value["order"], "the name of every setup once"), "order")
    for key in ("front", "left_out"):
        strangers = [name for name in value[key] if name not in seen and key == "front"]
        if strangers:
            raise _placed(WrongValueError(strangers[0], "the name of a setup"), key)
    for key, name in (("first", value["first"]), *value["best"].items()):
        if name is not None and name not in seen:
            raise _placed(WrongValueError(name, "the name of a setup"), key)


def _placed(wrong: WrongValueError, *place: str | int) -> WrongValueError:
    wrong.place += place[::-1]
    return wrong


COMPARISON = record(
    {
        **META,
        "asked": mapped(anything),
        "first": maybe(text),
        "order": TEXTS,
        "groups": listed(record({"by": mapped(cell), "order": TEXTS})),
        "left_out": TEXTS,
        "best": mapped(text),
        "front": TEXTS,
        "pairs": listed(PAIR),
        "break_even": listed(BREAK_EVEN),
        "setups": listed(SETUP, least=1),
        "rows": listed(mapped(cell)),
    },
    {"command": text},
    _names,
)
