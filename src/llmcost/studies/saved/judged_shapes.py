"""What saved results must hold that judge or list: claims, predictions, inputs, layouts, facts."""

from __future__ import annotations

from typing import Any

from llmcost.studies.facts import KINDS
from llmcost.studies.reconciliation.bounds import RULES
from llmcost.studies.saved.checks import (
    Check,
    WrongValueError,
    among,
    anything,
    cell,
    day,
    either,
    flag,
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
)
from llmcost.studies.saved.shapes import (
    INPUT,
    META,
    METHOD_PARTS,
    TEXTS,
    WARNINGS,
    histogram,
)

NUMBER_OR_TEXT = either(number, text, "a number or text")
CLAIM_BASIS = record(
    {
        "basis": maybe(text),
        "title": maybe(text),
        "value": number,
        "low": number,
        "high": number,
        "at_published_hours": maybe(number),
        "can_be_meant": flag,
        "share_inside": maybe(share),
        "verdict": text,
    },
    {"histogram": maybe(histogram)},
    ordered(),
)
IMPLIED = record(
    {"end": maybe(number), "name": text, "value": number, "unit": text, "words": text},
    {"place": text, "price_ids": TEXTS, "listed": whole},
)
LISTING = record(
    {
        "price_id": text,
        "provider": text,
        "terms": text,
        "as_of": text,
        "price": number,
        "cost": number,
        "place": text,
    }
)
PRODUCT = record(
    {
        "claim": text,
        "factors": text,
        "gpu_hours": number,
        "price": number,
        "cites": text,
        "cost": number,
        "printed": number,
        "agrees": flag,
    }
)
PUBLISHED = record(
    {
        "name": text,
        "title": text,
        "says": text,
        "low": maybe(number),
        "high": maybe(number),
        "value": maybe(number),
        "unit": text,
        "said": text,
    },
    {
        "by": maybe(text),
        "relation": among((*RULES, "qualitative")),
        "price_basis": maybe(text),
        "source": maybe(text),
    },
)
CLAIM = record(
    {
        "name": text,
        "label": text,
        "says": text,
        "subject": text,
        "quantity": text,
        "relation": among((*RULES, "qualitative")),
        "low": maybe(number),
        "high": maybe(number),
        "unit": text,
        "scope": text,
        "price_basis": text,
        "said": day,
        "estimate": maybe(number),
        "estimate_low": maybe(number),
        "estimate_high": maybe(number),
        "basis": maybe(text),
        "as_of": maybe(text),
        "how": maybe(text),
        "ratio_low": maybe(number),
        "ratio_high": maybe(number),
        "share_inside": maybe(share),
        "verdict": text,
        "reason": maybe(text),
        "gpu_hours": maybe(number),
        "hours_source": maybe(text),
        "sources": TEXTS,
        "title": text,
        "statement": text,
        "covers": maybe(text),
        "allowed": maybe(listed(maybe(number), exactly=2)),
        "bases": listed(CLAIM_BASIS),
        "implied": listed(IMPLIED),
        "listings": listed(LISTING),
        "notes": TEXTS,
        "product": maybe(PRODUCT),
        "arithmetic_only": flag,
        "published": listed(PUBLISHED),
    },
    {"by": maybe(text)},
    ordered("estimate_low", "estimate_high"),
)
CONFLICT = record(
    {
        "model": text,
        "claims": TEXTS,
        "gpu_hours": listed(number),
        "mfus": listed(number),
        "usual": listed(number),
    }
)
RECONCILIATION = record(
    {
        **META,
        "claims": among(("essays", "published", "own")),
        "conflict": flag,
        "verdicts": mapped(whole),
        "rows": listed(CLAIM, least=1),
        "conflicts": listed(CONFLICT),
    },
    {"command": text},
)


def _input_ends(value: Any) -> None:  # noqa: ANN401
    """Allow an input whose ends and middle are numbers in order, or all words."""
    ends = [value[key] for key in ("low", "value", "high")]
    words = [isinstance(end, str) for end in ends]
    if any(words) != all(words):
        raise WrongValueError(ends, "low, value and high that are all numbers or all words")
    if not any(words) and ends[0] > ends[2]:
        raise WrongValueError(ends[0], f"at most its high, which is {ends[2]!r}")


INFLUENCE = record(
    {
        "input": text,
        "unit": text,
        "low": NUMBER_OR_TEXT,
        "value": NUMBER_OR_TEXT,
        "high": NUMBER_OR_TEXT,
        "at_low": number,
        "at_high": number,
        "result_unit": text,
        "effect": number,
        "effect_share": maybe(number),
        "rank_correlation": maybe(number),
        "origin": maybe(text),
        "source": maybe(text),
    },
    None,
    _input_ends,
)


SENSITIVITY = record(
    {
        **META,
        "result": record(
            {"name": text, "value": number, "unit": text, "low": number, "high": number},
            None,
            ordered(),
        ),
        "percentiles": listed(share, exactly=2),
        "rows": listed(INFLUENCE),
        "without_effect": TEXTS,
        "warnings": WARNINGS,
    },
    {"command": text},
)
RIVAL = record({"configurations": whole, "median": number, "p90": number, "ours": number})
SCORE = record(
    {
        "configurations": whole,
        "rows": whole,
        **dict.fromkeys(("median", "mean", "p90", "bias", "mean_bias"), number),
        "within_10": share,
        "within_20": share,
        "coverage": maybe(share),
        "width": maybe(number),
        "spread": maybe(number),
        "baselines": mapped(RIVAL),
    }
)
BASELINE = record(
    {
        "name": text,
        "title": text,
        "summary": text,
        "mfu": maybe(number),
        "pooled": whole,
        "silent": whole,
    }
)
PART = record(
    {
        "file": text,
        "unit": text,
        "rows": whole,
        "scored": whole,
        "overall": maybe(SCORE),
        "groups": mapped(mapped(SCORE)),
        "apart": mapped(SCORE),
        "baselines": mapped(BASELINE),
        "baselines_better": TEXTS,
        "not_scored": mapped(whole),
    }
)
_MEASURED: dict[str, Check] = {
    name: maybe(number)
    for name in (
        *("measured_step_time", "predicted_step_time"),
        *("measured_gpu_hours", "predicted_gpu_hours"),
    )
}
VALIDATION_ROW = record(
    {
        "id": text,
        "table": among(("throughput", "runs")),
        "source": text,
        "model": maybe(text),
        "accelerator": maybe(text),
        "num_gpus": maybe(whole),
        "precision": maybe(text),
        "low": maybe(number),
        "high": maybe(number),
        "unit": text,
        "error": maybe(number),
        "scored": flag,
        "reason": maybe(text),
        "apart": maybe(text),
        "situation": maybe(text),
        "layout": maybe(text),
    },
    _MEASURED,
    ordered(),
)
VALIDATION = record(
    {
        "summary": record({"anchored": flag, "notes": TEXTS}, {"throughput": PART, "runs": PART}),
        "rows": listed(VALIDATION_ROW),
    },
    {"command": text, "llmcost_version": text, "data_version": text},
)
CANDIDATE = record(
    {
        "layout": text,
        "step_time": number,
        "low": number,
        "high": number,
        "mfu": number,
        "tokens_per_gpu_second": number,
        "memory": number,
        "headroom": number,
        "fits": flag,
        "bubble_fraction": number,
        "communication_share": number,
    },
    None,
    ordered(),
)
RIVAL_LAYOUT = record({"name": text, "verdict": text, "layout": maybe(text)})
LAYOUTS = record(
    {
        "llmcost_version": text,
        "data_version": text,
        "inputs": mapped(
            INPUT, needed=("model", "gpu", "precision", "num_gpus", "global_batch_size")
        ),
        "units": mapped(text),
        "interval": record({"level": share, "situation": text}),
        "space": whole,
        "fitting": whole,
        "results": listed(CANDIDATE),
        "tightest": maybe(CANDIDATE),
        "fewest_gpus": maybe(CANDIDATE),
        "rivals": listed(RIVAL_LAYOUT),
        "relaxed": listed(CANDIDATE),
        "warnings": WARNINGS,
    },
    {"command": text},
)
PRICE = record(
    {
        "price_id": text,
        "gpu": maybe(text),
        "kind": among(("rental", "purchase")),
        "provider": maybe(text),
        "terms": text,
        "price": maybe(positive),
        "purchase_price": maybe(positive),
        "as_of": day,
        "source": text,
    },
    {"grade": maybe(text), "gpus_in_unit": maybe(number), "unit_kind": maybe(text)},
)
_FACTS = record(
    {
        "kind": among(KINDS),
        "units": mapped(text),
        "results": listed(mapped(anything), least=1),
    },
    {"command": text},
)


def facts(value: Any) -> None:  # noqa: ANN401
    """Allow facts; those of prices need what a price is drawn from."""
    _FACTS(value)
    rows = listed(PRICE if value["kind"] == "prices" else mapped(cell))
    record({"results": rows})(value)


METHOD = record({**METHOD_PARTS, "model": maybe(text)}, {"command": text})
