"""One small result of every kind that reports are made of, as it is saved."""

import json
from copy import deepcopy
from functools import cache

from llmcost import compare, estimate, find_layouts, find_sensitivities, reconcile
from llmcost.studies.facts import facts
from llmcost.views import document
from tests.benching.made_samples import h200
from tests.tracked import track

DATES = {"as_of": "2026-09-06", "today": "2026-10-01", "draws": 100}
RUN = {"model": "llama-3.1-8b", "tokens": "1T", "gpu": "h100-sxm", "num_gpus": 64, **DATES}
SCORE = {
    "configurations": 2,
    "rows": 3,
    "median": 0.05,
    "mean": 0.06,
    "p90": 0.1,
    "bias": -0.01,
    "mean_bias": 0.0,
    "within_10": 0.5,
    "within_20": 1.0,
    "coverage": 1.0,
    "width": 0.2,
    "spread": 1.2,
    "baselines": {"mfu_40": {"configurations": 2, "median": 0.2, "p90": 0.5, "ours": 0.05}},
}


def _measured(number, measured, predicted):
    return {
        "id": f"row-{number}",
        "table": "throughput",
        "source": "llama-3-paper",
        "model": "a model",
        "accelerator": "h100-sxm",
        "num_gpus": 8,
        "precision": "bf16",
        "measured_step_time": measured,
        "predicted_step_time": predicted,
        "low": predicted * 0.9,
        "high": predicted * 1.1,
        "unit": "s",
        "error": predicted / measured - 1,
        "scored": True,
        "reason": "",
        "apart": "",
        "situation": "known",
        "layout": "tp=8",
    }


def _validation():
    part = {
        "file": "throughput.csv",
        "unit": "s",
        "error": "predicted / measured - 1",
        "rows": 4,
        "scored": 3,
        "overall": SCORE,
        "groups": {"generation": {"hopper": SCORE}},
        "apart": {},
        "baselines": {
            "mfu_40": {
                "name": "mfu_40",
                "title": "MFU 40%",
                "summary": "an assumed MFU of 40%",
                "mfu": 0.4,
                "pooled": 0,
                "silent": 0,
            }
        },
        "baselines_better": [],
        "not_scored": {"no layout": 1},
    }
    return {
        "schema": "llmcost.validation/1",
        "summary": {"anchored": False, "throughput": part, "notes": ["Fitted on these rows."]},
        "rows": [_measured(1, 10.0, 10.5), _measured(2, 20.0, 18.0), _measured(3, 5.0, 5.1)],
    }


def _compared():
    setups = {"gpu": ["h100-sxm", "mi300x"], "num_gpus": 64}
    return compare(RUN["model"], tokens=RUN["tokens"], **setups, **DATES)


def _method():
    asked = {**RUN, "model": "llama-3.1-405b", "num_gpus": 16000, "mfu": "40%"}
    return {
        "schema": "llmcost.method/1",
        **estimate(**asked, method="epoch-2024").to_dict()["method"],
    }


MAKERS = {
    "estimate": lambda: document(estimate(**RUN, thresholds=True)).data,
    "development": lambda: document(estimate(**RUN, scope="development", currency="EUR")).data,
    "bare": lambda: document(estimate("llama-3.1-8b", draws=100, today="2026-10-01")).data,
    "comparison": lambda: document(_compared()).data,
    "sensitivity": lambda: document(find_sensitivities(**RUN)).data,
    "reconciliation": lambda: document(reconcile(["training-cost"], options={"draws": 100})).data,
    "claims": lambda: document(reconcile(["pc-21", "pc-34"], options={"draws": 100})).data,
    "layouts": lambda: (
        document(
            find_layouts("llama-3.1-8b", gpu="h100-sxm", num_gpus=16, global_batch_size=64)
        ).data
    ),
    "facts": lambda: document(facts("prices", "mi300x")).data,
    "gpus": lambda: document(facts("gpus", "h100-sxm")).data,
    "method": _method,
    "validation": _validation,
    "track": lambda: document(track()).data,
    "bench": h200,
}


@cache
def _text(kind):
    return json.dumps(MAKERS[kind](), allow_nan=False)


def saved(kind):
    """The JSON of a small result of one kind, to be changed at will."""
    return deepcopy(json.loads(_text(kind)))


def saved_file(folder, kind):
    """A file of a small result of one kind."""
    path = folder / f"{kind}.json"
    path.write_text(_text(kind), encoding="utf-8")
    return path
