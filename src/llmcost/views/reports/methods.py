"""The methods paragraph of exactly these results: what was assumed, by which formulas and sources.

Sources are cited as ``[@key]``; every number is that of the saved results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from llmcost.figures import quantity_text
from llmcost.views.reports.citations import LLMCOST, cites, papers_in

Data = Mapping[str, Any]
Sentences = Callable[[Data], Iterator[str]]

_OTHERS = "llmcost.views.reports.other_methods"
METHODS = {
    "llmcost.estimate": "llmcost.views.reports.estimate_methods:estimate_sentences",
    "llmcost.comparison": f"{_OTHERS}:comparison_sentences",
    "llmcost.sensitivity": f"{_OTHERS}:sensitivity_sentences",
    "llmcost.reconciliation": f"{_OTHERS}:reconciliation_sentences",
    "llmcost.validation": f"{_OTHERS}:validation_sentences",
    "llmcost.layouts": f"{_OTHERS}:layouts_sentences",
    "llmcost.facts": f"{_OTHERS}:facts_sentences",
    "llmcost.method": f"{_OTHERS}:method_sentences",
    "llmcost.track": "llmcost.views.reports.tracks:track_sentences",
}


def methods_text(results: Sequence[Data]) -> str:
    """Return one paragraph on how these saved results were made, whose ``[@key]`` cite sources.

    A sentence that holds for several results stands once. A result whose schema has no methods
    adds nothing.
    """
    sentences = [sentence for data in results for sentence in _sentences(data)]
    told = [*_programs(results), *sentences, *_draws(results)]
    return " ".join(dict.fromkeys(told))


def _sentences(data: Data) -> Iterator[str]:
    place = METHODS.get(str(data.get("schema")).partition("/")[0])
    if place is None:
        return
    module, _, function = place.partition(":")
    yield from getattr(import_module(module), function)(data)


def _programs(results: Sequence[Data]) -> Iterator[str]:
    """Yield one sentence on the program and the facts that made the results."""
    made = dict.fromkeys((_text(d, "llmcost_version"), _text(d, "data_version")) for d in results)
    told = [_program(*versions) for versions in made if any(versions)]
    by = " and ".join(told) if told else "llmcost"
    yield f"All figures were computed by {by}{cites([LLMCOST])}."


def _program(version: str, data: str) -> str:
    return f"llmcost {version}".strip() + (f" from its data of version {data}" if data else "")


def _draws(results: Sequence[Data]) -> Iterator[str]:
    """Yield one sentence for each way in which the ranges of the results were drawn."""
    for data in results:
        draws, seed, level = (data.get(name) for name in ("draws", "seed", "interval"))
        if isinstance(draws, int) and isinstance(level, float):
            moved = isinstance(data.get("percentiles"), list)
            ranges = "The range of the result is an" if moved else "Ranges are"
            kind = "interval" if moved else "intervals"
            yield (
                f"{ranges} {quantity_text(level, 'share')} {kind} of {draws:,} draws of all "
                "inputs that have a range, by Latin hypercube sampling"
                f"{cites(papers_in(_spreading()))}, with the seed {seed}; inputs without a range "
                "were held."
            )


def _spreading() -> str:
    from llmcost.studies.explanation import explain

    return explain("range").source


def _text(data: Data, name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""
