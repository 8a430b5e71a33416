"""An estimate in a report: what it takes, on which bases, and what all of it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llmcost.figures import quantity_text
from llmcost.report import Section
from llmcost.studies.answers import Estimate
from llmcost.studies.saved import Saved
from llmcost.table import Table
from llmcost.views.estimates import estimate_document
from llmcost.views.reports.assumptions import assumption_table
from llmcost.views.reports.cells import amount_text, with_numbers, with_sources
from llmcost.views.reports.drawn import pictures
from llmcost.views.reports.parts import Part

TITLES = {
    "results": "Results",
    "bases": "Cost by basis",
    "development": "Beyond the final run",
    "energy": "Energy and carbon",
    "goodput": "Wall clock and what is lost",
    "restated": "In other money",
    "step": "A step by part",
    "memory": "Memory per GPU",
}


def estimate_part(saved: Saved) -> Part:
    """Return what a report says of an estimate."""
    estimate = Estimate.from_dict(saved.data)
    document = estimate_document(estimate, by_provider=True)
    tables = [table for table in document.tables if table.name != "assumptions"]
    notes = next(table.notes for table in document.tables if table.name == "assumptions")
    finding, support = _finding(saved.data), _support(saved.data)
    return Part(
        document.title,
        finding,
        support,
        Section(
            saved.kind,
            document.title,
            (finding, support),
            pictures(saved),
            tuple(_whole(table, saved.data) for table in tables),
        ),
        assumptions=(
            assumption_table("assumptions", document.title, estimate.inputs, notes=notes),
        ),
        warnings=document.messages,
    )


def _whole(table: Table, data: Mapping[str, Any]) -> Table:
    """Return a table with its numbers, and with the sources of its rows where they have some."""
    table = replace(table, title=table.title or TITLES.get(table.name, ""))
    if table.name == "offers":
        offers = [each for each in data.get("rentals", ()) if each["price"] is not None]
        return with_sources(table, [each.get("sources", ()) for each in offers])
    if table.name == "method":
        return with_sources(table, [each["sources"] for each in data["method"]["results"]])
    if table.name == "thresholds":
        return with_sources(table, [each["sources"] for each in data["thresholds"]])
    if table.name in ("step", "memory", "restated"):
        return table
    return with_numbers(table, data["results"])


def run_words(data: Mapping[str, Any]) -> str:
    """Return what is trained on what: ``llama-3.1-405b on 15T tokens with 16,000 h100-sxm``."""
    inputs, results = data["inputs"], data["results"]
    model = _value(inputs, "model")
    parameters = quantity_text(results["parameters"]["value"], "parameter")
    words = str(model) if model else f"{parameters} parameters"
    words += f" on {quantity_text(results['tokens']['value'], 'token')}"
    gpu, count = _value(inputs, "gpu"), _value(inputs, "num_gpus")
    if gpu:
        words += f" with {count:,.0f} {gpu}" if isinstance(count, int | float) else f" with {gpu}"
    return words


def _finding(data: Mapping[str, Any]) -> str:
    results = data["results"]
    told = []
    if _known(results, "wall_clock"):
        told.append(f"takes {amount_text('wall_clock', results['wall_clock'])}")
    elif _known(results, "gpu_hours"):
        told.append(f"takes {amount_text('gpu_hours', results['gpu_hours'])}")
    else:
        told.append(f"takes {amount_text('model_flop', results['model_flop'])}")
    if _known(results, "cost"):
        told.append(f"costs {amount_text('cost', results['cost'])}{_basis(data)}")
    return f"Training {run_words(data)} {' and '.join(told)}."


def _basis(data: Mapping[str, Any]) -> str:
    price = data["inputs"].get("price") or {}
    terms = (price.get("detail") or {}).get("terms")
    return f" rented {str(terms).replace('-', ' ')}" if terms else " at the price given"


def _support(data: Mapping[str, Any]) -> str:
    results, told = data["results"], []
    if _known(results, "gpu_hours") and _known(results, "mfu"):
        hours, mfu = results["gpu_hours"], results["mfu"]
        told.append(
            f"That is {quantity_text(hours['value'], 'GPU*hour')} at "
            f"{quantity_text(mfu['value'], 'share')} MFU{_price(data)}"
        )
    if _known(results, "owned_cost"):
        told.append(
            f"the same run on owned servers {amount_text('owned_cost', results['owned_cost'])}"
        )
    if _known(results, "development_cost"):
        whole = amount_text("development_cost", results["development_cost"])
        told.append(f"all of its development {whole}")
    held = f"{data['interval']:.0%} of {data['draws']:,.0f} draws lie in each range"
    sentence = "; ".join([*told, held])
    return f"{sentence[0].upper()}{sentence[1:]}."


def _price(data: Mapping[str, Any]) -> str:
    price = _value(data["inputs"], "price")
    if not isinstance(price, int | float):
        return ""
    detail = data["inputs"]["price"].get("detail") or {}
    offers = detail.get("providers")
    who = f", the median of {offers} providers" if offers and not detail.get("provider") else ""
    return f" and {quantity_text(price, 'USD')} per GPU-hour{who}"


def _known(results: Mapping[str, Any], name: str) -> bool:
    return bool((results.get(name) or {}).get("value"))


def _value(inputs: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401
    return (inputs.get(name) or {}).get("value")
