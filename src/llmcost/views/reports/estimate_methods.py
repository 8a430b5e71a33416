"""Sentences of the methods paragraph on one run: its formulas, and its inputs with origins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmcost.figures import quantity_text
from llmcost.formulas.scaling_laws import LAW_TITLES
from llmcost.inputs import InputValue, Origin
from llmcost.studies.explanation import explain
from llmcost.views.estimates import input_text
from llmcost.views.input_titles import INPUT_TITLES
from llmcost.views.reports.citations import cites, keys_in, papers_in

Data = Mapping[str, Any]

KINDS = {
    "user": "Given",
    "published": "From the published run of the model",
    "catalogue": "From the catalogue",
    "measured": "Measured",
    "modelled": "Modelled",
    "default": "Labelled defaults",
}
RULE = re.compile(
    r"gpu_prices\.csv: (.*?)(?:; (?:\d+ of grade|\d+ rows?|cheapest|newest|sources:)|$)"
)
# Lines of a development beside the final run, as far as they are known.
LINES = {
    "experiments_cost": "experiments",
    "post_training_cost": "post-training",
    "staff_cost": "staff",
    "rental_add_ons_cost": "add-ons to the rent",
    "storage_cost": "storage",
    "network_cost": "traffic",
    "data_cost": "data",
}
FITTED = re.compile(r"calibration\.toml \(([\d,]+) measured rows, ([\d-]+)\)")


def estimate_sentences(data: Data) -> Iterator[str]:
    """Yield the sentences on an estimate: what was asked, the formulas, every input."""
    yield asked_sentence(data)
    yield from run_sentences(data)
    yield from input_sentences(data)


def asked_sentence(data: Data) -> str:
    """Return the sentence that says which run was estimated."""
    model, tokens, gpu = (_told(data, name) for name in ("model", "tokens", "gpu"))
    subject = model or f"a model of {_told(data, 'parameters')} parameters"
    number = _told(data, "num_gpus")
    on = f" on {number} {gpu} accelerators" if number else f" on {gpu}" if gpu else ""
    scope = "developing, final run and all else," if _is_development(data) else "training"
    return f"We estimated what {scope} {subject} on {tokens or 'its data'}{on} takes."


def run_sentences(data: Data) -> Iterator[str]:
    """Yield the sentences on the formulas that an estimate went through, and their papers."""
    yield from _flop(data)
    yield from _rate(data)
    yield from _goodput(data)
    yield from _renting(data)
    yield from _owning(data)
    yield from _developing(data)
    yield from _optimum(data)


def formula(name: str) -> str:
    """Return the marks that cite the papers of one formula."""
    return cites(papers_in(explain(name).source))


def _flop(data: Data) -> Iterator[str]:
    flop = _result(data, "model_flop")
    if flop is None:
        return
    if "seq_length" not in _inputs(data):
        yield (
            "Training FLOP were taken as 6 a token and active parameter"
            f"{formula('model_flop_6nd')}, without attention: {flop}."
        )
        return
    full = _told(data, "attention_flop") == "full"
    weights, words = formula("matmul_flop_per_token"), explain("attention_flop").source
    attention = "to every position of its sequence" if full else "to the positions before it"
    of_paper = cites(papers_in(words.partition("Causal:")[0 if full else 2]))
    yield (
        f"Training FLOP were counted from the architecture, 6 a token and weight that multiplies it"
        f"{weights} plus attention of each token {attention}{of_paper}: {flop}."
    )
    yield from _phases(data)
    if _told(data, "recompute") not in ("", "none"):
        yield (
            "Recomputed activations are work of the machine, counted in hardware FLOP only"
            f"{formula('hardware_flop')}."
        )


def _phases(data: Data) -> Iterator[str]:
    """Yield what a run of several phases is; other inputs are those of its largest."""
    phases = (_inputs(data).get("phases") or {}).get("value")
    if not isinstance(phases, list) or len(phases) < 2:
        return
    _, source = _origin(data, "phases")
    lengths = sorted({one["seq_length"] for one in phases if one.get("seq_length")})
    ends = f", from {lengths[0]:,} to {lengths[-1]:,} tokens a sequence" if lengths[1:] else ""
    yield (
        f"The run has {len(phases):,} phases{ends}{cites(keys_in(source))}, whose FLOP are summed; "
        "of lengths, batches and layouts those of the phase with the most tokens are listed."
    )


def _rate(data: Data) -> Iterator[str]:
    kind, source = _origin(data, "mfu")
    if kind == "modelled":
        yield (
            "MFU was modelled from the time of one step in the layout that the work is split by: "
            "matrix products, attention, traffic of memory, exchanges, the bubble of the pipeline"
            f"{cites(papers_in('arXiv 2104.04473'))}, the optimizer and stragglers, in a layout "
            f"that fits the memory{formula('memory')}{_fit(source)}."
        )
    if kind == "measured" and source:
        yield f"MFU follows from a measured rate: {source}."
    if _result(data, "gpu_hours") is not None:
        steady = ", goodput and the share that slow steps leave"
        over = steady if _told(data, "steady_share") else " and goodput"
        count = "; wall clock is GPU-hours over accelerators" if _told(data, "num_gpus") else ""
        yield (
            f"GPU-hours are training FLOP over dense peak, MFU{over}{formula('gpu_hours')}{count}."
        )


def _fit(source: str) -> str:
    found = FITTED.search(source)
    return f"; its constants were fitted to {found[1]} measured steps ({found[2]})" if found else ""


def _goodput(data: Data) -> Iterator[str]:
    if _result(data, "mtbf") is None or "goodput" in _inputs(data):
        return
    when = "a given" if _told(data, "checkpoint_interval") else "the best"
    yield (
        "Goodput follows from failures as frequent as accelerators are many"
        f"{formula('mtbf')}, restarts, planned maintenance and checkpoints at {when} interval"
        f"{formula('goodput')}."
    )


def _renting(data: Data) -> Iterator[str]:
    kind, source = _origin(data, "price")
    if _told(data, "price") in ("", "no price") or _result(data, "cost") is None:
        return
    told = _rule(source) if kind == "catalogue" else ""
    rule = f"; the price is {told}{cites(_price_keys(data))}" if told else ""
    yield f"Rental cost is GPU-hours times the price of a GPU-hour{rule}."


def _price_keys(data: Data) -> Sequence[str]:
    _, source = _origin(data, "price")
    return keys_in(source.rpartition("sources:")[2])


def _owning(data: Data) -> Iterator[str]:
    if _result(data, "owned_cost") is None:
        return
    interest = ", the cost of capital" if _told(data, "cost_of_capital") else ""
    yield (
        "The cost of owning is the price of servers and network over their life and the share of "
        f"it in use{formula('owned_servers_cost')}{interest} and energy; energy is GPU-hours times "
        "rated power, that of the server over its chips, the draw over rated and PUE, and carbon "
        "is that of the grid where the machines stand."
    )
    _, source = _origin(data, "server_price")
    if told := _rule(source):
        yield f"The server price is {told}."


def _rule(source: str) -> str:
    """Return by which rule a price was taken from the catalogue, or nothing for another origin."""
    found = RULE.match(source)
    if found is None:
        return ""
    return f"the {found[1]}" if found[1].startswith("median") else f"that of {found[1]}"


def _developing(data: Data) -> Iterator[str]:
    if _is_development(data):
        lines = [title for name, title in LINES.items() if _result(data, name) is not None]
        if lines:
            told = f"{', '.join(lines[:-1])} and {lines[-1]}" if len(lines) > 1 else lines[0]
            yield f"Development adds {told}{formula('development_cost')}."


def _optimum(data: Data) -> Iterator[str]:
    if _result(data, "compute_optimal_tokens") is None:
        return
    law = _told(data, "scaling_law")
    name = {"besiroglu-2024": "compute_optimal_tokens_besiroglu_2024"}.get(law)
    told = LAW_TITLES.get(law, law)
    yield f"Compute-optimal tokens are by {told}{formula(name or 'compute_optimal_tokens')}."


def input_sentences(data: Data) -> Iterator[str]:
    """Yield one sentence a kind of origin that lists each input with value, range and sources."""
    for kind, words in KINDS.items():
        names = [name for name in _inputs(data) if _origin(data, name)[0] == kind]
        told = [_listed(data, name) for name in names if _counts(data, name)]
        if told:
            yield f"{words}: {'; '.join(told)}."


def _counts(data: Data, name: str) -> bool:
    """Return whether an input had a part in the answer, and a value."""
    plain = name == "attention_flop" and "seq_length" not in _inputs(data)
    return not plain and name not in ("phases", "active_parameters") and _told(data, name) != ""


def _listed(data: Data, name: str) -> str:
    _, source = _origin(data, name)
    when = _inputs(data)[name]["origin"].get("as_of")
    dated = f" (as of {when})" if when else ""
    title = "" if name == "tokens" else f"{title_of(name)} "
    return f"{title}{_told(data, name)}{dated}{cites(keys_in(source))}"


def title_of(name: str) -> str:
    """Return the title of an input as it stands inside a sentence.

    >>> title_of("pue"), title_of("restart_time")
    ('PUE', 'restart')
    """
    title = INPUT_TITLES.get(name, name.replace("_", " "))
    return title if title[1:2].isupper() else f"{title[:1].lower()}{title[1:]}"


def told_input(name: str, item: Data) -> str:
    """Return the value of a saved input, with its range, as people read it."""
    if item.get("value") is None:
        return ""
    origin = Origin(*origin_of(item))
    number = InputValue(item["value"], item["unit"], origin, item.get("low"), item.get("high"))
    return input_text(name, number)


def origin_of(item: Data) -> tuple[str, str]:
    """Return kind and source of the origin of a saved input."""
    origin = item.get("origin") or {}
    return str(origin.get("kind") or ""), str(origin.get("source") or "")


def _inputs(data: Data) -> Data:
    found = data.get("inputs")
    return found if isinstance(found, Mapping) else {}


def _told(data: Data, name: str) -> str:
    item = _inputs(data).get(name)
    return told_input(name, item) if isinstance(item, Mapping) else ""


def _origin(data: Data, name: str) -> tuple[str, str]:
    item = _inputs(data).get(name)
    return origin_of(item) if isinstance(item, Mapping) else ("", "")


def _result(data: Data, name: str) -> str | None:
    """Return a result as people read it; `None` where the answer has none."""
    item = (data.get("results") or {}).get(name)
    if not isinstance(item, Mapping) or item.get("value") is None:
        return None
    return quantity_text(item["value"], item["unit"])


def _is_development(data: Data) -> bool:
    return _told(data, "scope") == "development"
