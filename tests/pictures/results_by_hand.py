"""Saved results of few numbers, written by hand, and those that the library makes."""

import json
from functools import cache

import llmcost
from llmcost.render.json_text import json_text
from llmcost.views import document

HEAD = {
    "llmcost_version": "9.9",
    "data_version": "abc",
    "interval": 0.8,
    "draws": 4096,
    "seed": 7,
}
RUN = {"model": "llama-3.1-405b", "tokens": "15T", "gpu": "h100-sxm", "num_gpus": 16000}
DAY = "2026-09-06"


def amount(value, low=None, high=None, unit="USD"):
    """Return a result as JSON has it."""
    ends = (value, value) if low is None else (low, high)
    return {"value": value, "unit": unit, "low": ends[0], "high": ends[1]}


def estimate(results, *, step=None, memory=None, **inputs):
    """Return a saved estimate with these results, and these inputs beside those of any run."""
    known = {"model": "tiny", "gpu": "h100-sxm", "num_gpus": 2000, "tokens": 3e9, **inputs}
    return {
        "schema": "llmcost.estimate/1",
        **HEAD,
        "inputs": {n: v if isinstance(v, dict) else {"value": v} for n, v in known.items()},
        "results": results,
        "step": step,
        "memory": memory,
    }


def catalogue_price(terms="on-demand", provider=None):
    """Return the price of an estimate, as taken from the catalogue."""
    detail = {"terms": terms, "provider": provider, "as_of": DAY}
    return {"value": 2.0, "unit": "USD/GPU/hour", "detail": detail}


def comparison(estimates, **statuses):
    """Return a saved comparison of estimates by name; one that is `None` cannot run."""
    told = {name: "runs" if one else "cannot run" for name, one in estimates.items()} | statuses
    return {
        "schema": "llmcost.comparison/1",
        **HEAD,
        "order": list(estimates),
        "setups": [
            {"name": name, "status": told[name], "estimate": one} for name, one in estimates.items()
        ],
    }


@cache
def made(kind):
    """Return what `--json` prints for a whole run of this kind, once a session."""
    days = {"as_of": DAY, "today": DAY, "draws": 400}
    if kind == "estimate":
        answer = llmcost.estimate(**RUN, **days)
    elif kind == "development":
        answer = llmcost.estimate(**RUN, **days, scope="development")
    elif kind == "comparison":
        setups = {**RUN, "gpu": ["h100-sxm", "b200"]}
        answer = llmcost.compare(**setups, **days)
    elif kind == "sensitivity":
        answer = llmcost.find_sensitivities(**RUN, **days)
    else:
        answer = llmcost.reconcile(kind, options={"draws": 400})
    return json.loads(json_text(document(answer)))
