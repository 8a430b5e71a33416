"""Where does this number come from: the formula, its paper, its validity, its units."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from llmcost.errors import UnknownNameError, nearest
from llmcost.studies.explained_formulas import FORMULAS
from llmcost.studies.explained_tracks import TRACKED
from llmcost.studies.explained_words import FURTHER, WORDS


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known about one number: formula, validity and source as text, and units."""

    name: str
    summary: str
    formula: str
    unit: str
    inputs: tuple[tuple[str, str], ...]
    details: tuple[str, ...]
    source: str


MODEL_FLOP = Explanation(
    "model_flop",
    "FLOP that the mathematics of training needs, counted from the architecture: the weights that "
    "multiply each token, and attention. Recomputed activations are not in it.",
    "sum over phases of tokens x (matmul_flop_per_token + attention_flop_per_token)",
    "FLOP",
    (
        ("tokens", "token"),
        ("matmul_flop_per_token", "FLOP/token"),
        ("attention_flop_per_token", "FLOP/token"),
    ),
    (
        "Forward and backward: 6 FLOP a weight and token, 2 of them forward.",
        "Attention is counted causal-halved (the default) or in full (--attention-flop full), as "
        "PaLM counts it; the answer says which. The longer the sequence, the more they differ.",
        "Without an architecture (--parameters alone) attention is not in it, and the answer is "
        "6 x active_parameters x tokens.",
    ),
    "Kaplan et al. 2020 (arXiv 2001.08361), section 2.1, for the weights; PaLM (arXiv 2204.02311), "
    "appendix B, for attention in full; FlashAttention (arXiv 2205.14135) for causal.",
)


def explanations() -> tuple[str, ...]:
    """Return every name that `explain` knows."""
    return tuple(sorted([MODEL_FLOP.name, *FORMULAS, *WORDS, *TRACKED]))


def explain(name: str) -> Explanation:
    """Return the explanation of a quantity; raises UnknownNameError for an unknown one."""
    key = name.strip().lower().replace("-", "_").replace(" ", "_")
    if key == MODEL_FLOP.name:
        return MODEL_FLOP
    if key in FORMULAS:
        return _formula(key)
    in_words = WORDS.get(key) or TRACKED.get(key)
    if in_words is not None:
        summary, unit, source = in_words
        return Explanation(key, summary, "", unit, (), (), source)
    known = [each.replace("_", "-") for each in explanations()]
    related = _sharing_a_word(key, known)
    hint = f"Related: {', '.join(related)}. " if related and not nearest(name, known) else ""
    raise UnknownNameError("quantity", name, known, f"{hint}See: llmcost explain.")


def _sharing_a_word(key: str, known: Iterable[str]) -> list[str]:
    """Return names with a word of `key` in them, be it singular or plural."""
    asked = {_singular(word) for word in re.split(r"[^a-z0-9]+", key) if len(word) > 2}
    return [name for name in known if asked & {_singular(word) for word in name.split("-")}]


def _singular(word: str) -> str:
    return word.removesuffix("s")


def _formula(key: str) -> Explanation:
    path, expression = FORMULAS[key]
    module, _, function = path.partition(":")
    formula: Any = getattr(import_module(module), function)
    paragraphs = _paragraphs(inspect.getdoc(formula) or "")
    sources = [text for text in paragraphs if text.startswith("Source: ")]
    details = [text for text in paragraphs[1:] if not text.startswith("Source: ")]
    return Explanation(
        key,
        _without_return(paragraphs[0]),
        expression,
        formula.returns,
        tuple(_inputs(expression, formula.units).items()),
        (*details, FURTHER[key]) if key in FURTHER else tuple(details),
        " ".join(text.removeprefix("Source: ") for text in sources) or "By definition.",
    )


def _inputs(expression: str, units: Mapping[str, str]) -> Mapping[str, str]:
    """Return what goes in, with units: by the names of the expression where it tells all of them.

    The formula itself may take parts of it under names of its own.
    """
    named = dict.fromkeys(re.findall(r"\b[a-z][a-z0-9_]+", expression))
    told = {name: units.get(name, _unit(name)) for name in named}
    prose = None in told.values()
    own = [name for name in units if name not in named and _unit(name) is None]
    return {name: unit or "" for name, unit in told.items()} if own and not prose else units


def _unit(name: str) -> str | None:
    """Return the unit of a number that can be explained; `None` for another name."""
    if name in WORDS:
        return WORDS[name][1]
    if name not in FORMULAS:
        return None
    module, _, function = FORMULAS[name][0].partition(":")
    return str(getattr(import_module(module), function).returns)


def _without_return(text: str) -> str:
    rest = text.removeprefix("Return ")
    return rest[:1].upper() + rest[1:]


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("\n\n")]
