"""What a plan may say of each parameter of `estimate`, checked by what `estimate` itself uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from llmcost.amounts import MAX_COUNT, count_from, spread_from, whole
from llmcost.catalog.columns import day_from
from llmcost.catalog.gpus import PEAK_OF, accelerator, accelerators
from llmcost.catalog.prices import select_price
from llmcost.catalog.regions import region
from llmcost.errors import InputError, UnitError, UnknownNameError, one_of, shown
from llmcost.formulas.scaling_laws import LAWS
from llmcost.inputs import RECOMPUTE
from llmcost.layout import read_layout
from llmcost.ranges import read_range
from llmcost.reading import Wanted, read_quantity
from llmcost.studies.choices.assumptions import FLOP_RATE, MAX_RATE, TOKEN_RATE
from llmcost.studies.choices.cluster import (
    GPU_NOUNS,
    MAX_GPUS,
    MAX_PRICE,
    PRICE_UNIT,
    SCALED,
    price_day,
)
from llmcost.studies.choices.factors import FACTORS, Factor
from llmcost.studies.choices.given import NAMES, Given
from llmcost.studies.choices.layout import MAX_SEQUENCES, SEQUENCE_NOUNS, choose_framework
from llmcost.studies.choices.models import MAX_PARAMETERS, PARAMETER_NOUNS, choose_model
from llmcost.studies.choices.ownership import DEPRECIATIONS
from llmcost.studies.choices.scope import SCOPES
from llmcost.studies.choices.workload import ATTENTION, MAX_SEQ_LENGTH, MAX_TOKENS, TOKEN_NOUNS
from llmcost.units import SHARE, dimension_gap, named, wanted

LAYOUT, ALL_LEGAL, FASTEST = "layout", "all legal", "fastest"
FLAGS = ("embodied", "water", "equity", "strict")
# Parameters of an answer, not of a run: what to write instead.
ELSEWHERE = {
    "max_cost": "Write it as where = 'cost < $100M' in a [[keep]].",
    "draws": "Write it as count in [draws].",
    "seed": "Write it as seed in [draws].",
    "interval": "Ask for quantiles in a [[keep]].",
    "thresholds": "A sweep has no reports.",
    "method": "A sweep has no reports.",
    "currency": "A sweep has no reports; its amounts are in USD.",
    "dollars_of": "A sweep has no reports; its amounts are in USD.",
}
PARAMETERS = frozenset(NAMES) - frozenset(ELSEWHERE)


@dataclass(frozen=True, slots=True)
class Count:
    """A whole count: the nouns that may follow it, its largest value, and its unit."""

    nouns: tuple[str, ...]
    maximum: float
    unit: str = ""


COUNTS = {
    "tokens": Count(TOKEN_NOUNS, MAX_TOKENS, "token"),
    "num_gpus": Count(GPU_NOUNS, MAX_GPUS, "GPU"),
    "gpus_per_node": Count(GPU_NOUNS, 1e5, "GPU"),
    "parameters": Count(PARAMETER_NOUNS, MAX_PARAMETERS),
    "active_parameters": Count(PARAMETER_NOUNS, MAX_PARAMETERS),
    "seq_length": Count(TOKEN_NOUNS, MAX_SEQ_LENGTH, "token"),
    "global_batch_size": Count(SEQUENCE_NOUNS, MAX_SEQUENCES),
    "post_training": Count(TOKEN_NOUNS, MAX_COUNT, "token"),
}
QUANTITIES = {
    "price": Factor(PRICE_UNIT, maximum=MAX_PRICE),
    "price_per_node_hour": Factor("USD/hour", maximum=MAX_PRICE),
    "mfu": Factor(share=True, maximum=1.0),
    "goodput": Factor(share=True, maximum=1.0),
    "throughput": Factor(FLOP_RATE, maximum=MAX_RATE),
    **FACTORS,
}


@dataclass(frozen=True, slots=True)
class Checked:
    """A value as `estimate` takes it, what it is the same as, and whether it is one number.

    Text stays as it was written, so that results and conditions say what the plan says.
    """

    value: object
    same_as: object
    exact: bool = True


def parameter_named(text: str, where: str) -> str:
    """Return the parameter that a key of a plan names, with dashes or underscores.

    Raises UnknownNameError for one that no run has, InputError for one that a sweep cannot vary.
    """
    name = text.strip().replace("-", "_")
    name = {"gpus": "num_gpus"}.get(name, name)
    if name in ELSEWHERE:
        raise InputError(f"{where}: got {text}, which does not belong there. {ELSEWHERE[name]}")
    if name not in PARAMETERS:
        hint = "A plan takes what `llmcost estimate` takes: llmcost estimate --help."
        raise UnknownNameError(f"parameter in {where}", text, (*PARAMETERS, "gpus"), hint)
    return name


def checked(name: str, value: object) -> Checked:
    """Return a value of a parameter as `estimate` takes it.

    Raises InputError, UnitError and UnknownNameError that name the parameter.
    """
    if isinstance(value, date):
        value = value.isoformat()
    if name == "phases":
        return _phases(value)
    if name in FLAGS:
        return _flag(name, value)
    if name in COUNTS:
        return _count(name, value)
    if name in QUANTITIES:
        return _quantity(name, value)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{name}: got {shown(value)}; needs text.")
    try:
        found = WORDS[name](value.strip())
    except UnknownNameError:
        raise
    except InputError as error:
        raise named(name, error) from None
    if name == "layout":
        return Checked(found, found if found in (ALL_LEGAL, FASTEST) else read_layout(found))
    return Checked(value.strip(), found)


def config_path(model: str) -> Path | None:
    """Return the path of the config.json that a model is, `None` for one of the catalogue."""
    chosen = choose_model(Given.of({"model": model}))
    return None if chosen.entry else Path(str(chosen.inputs["model"].value))


def _phases(value: object) -> Checked:
    if not isinstance(value, list | tuple) or not all(isinstance(each, dict) for each in value):
        raise InputError(f"phases: got {shown(value)}; needs a list of tables, one a phase.")
    return Checked(list(value), str(value))


def _flag(name: str, value: object) -> Checked:
    if not isinstance(value, bool):
        raise InputError(f"{name}: got {shown(value)}; needs true or false.")
    return Checked(value, value)


def _count(name: str, value: object) -> Checked:
    if isinstance(value, bool):
        raise InputError(f"{name}: got {shown(value)}; needs a count.")
    count = COUNTS[name]
    if isinstance(value, str) and ".." in value:
        raise InputError(
            f"{name}: got {shown(value)}, a range without steps; needs their size, as in "
            f"'{value.strip()} by ...', or their number, as in 'logspace {value.strip()} by 5'."
        )
    if name == "global_batch_size" and _says_tokens(value):
        tokens = count_from(value, name, TOKEN_NOUNS, MAX_TOKENS)
        return Checked(str(value).strip(), ("token", tokens))
    number = whole(count_from(value, name, count.nouns, count.maximum), name)
    return Checked(number, number)


def _says_tokens(value: object) -> bool:
    return isinstance(value, str) and value.strip().casefold().endswith(TOKEN_NOUNS)


def _quantity(name: str, value: object) -> Checked:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputError(f"{name}: got {shown(value)}; needs {wanted_for(name)}.")
    rule = QUANTITIES[name]
    unit = rate_unit(value) if name == "throughput" else rule.unit
    if unit and not rule.counted and not isinstance(value, str):
        raise UnitError(
            f"{name}: got the bare number {shown(value)}; needs its unit, as in '2.5 {unit}'."
        )
    given = f"{value} {unit}" if rule.counted and not isinstance(value, str) else value
    spread = spread_from(
        given,
        unit,
        name,
        share=rule.share,
        maximum=rule.maximum,
        floor=rule.floor,
        zero=rule.zero,
    )
    ends = (unit, spread.low, spread.value, spread.high)
    if spread.exact and not unit:
        return Checked(spread.value, ends)
    return Checked(str(given).strip(), ends, spread.exact)


def rate_unit(value: object) -> str:
    """Return which of the two units of a throughput a text has."""
    own = ""
    if isinstance(value, str):
        wanted_rate = wanted(FLOP_RATE)
        found = read_range(value, wanted_rate)
        own = found.unit if found else read_quantity(value, wanted_rate)[1]
    return TOKEN_RATE if own and not dimension_gap(own, TOKEN_RATE) else FLOP_RATE


def wanted_for(name: str) -> Wanted:
    """Return what a quantity is called in a message."""
    rule = QUANTITIES[name]
    return SHARE if rule.share else wanted(rule.unit)


def _one_among(kind: str, known: tuple[str, ...]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in known:
            raise UnknownNameError(kind, text, known, f"Known: {one_of(known)}.")
        return text

    return check


def _model(text: str) -> str:
    chosen = choose_model(Given.of({"model": text}))
    return chosen.entry.name if chosen.entry else text


def _precision(text: str) -> str:
    known = (*PEAK_OF, *SCALED)
    return _one_among("precision", known)(text.casefold())


def _layout(text: str) -> str:
    word = " ".join(text.casefold().split())
    if word in (ALL_LEGAL, FASTEST):
        return word
    try:
        read_layout(text)
    except InputError as error:
        raise InputError(f"{error} Or write {ALL_LEGAL!r}, or {FASTEST!r}.") from None
    return text


def _any_gpu() -> str:
    return accelerators()[0].name


WORDS: dict[str, Callable[[str], str]] = {
    "gpu": lambda text: accelerator(text).name,
    "model": _model,
    "precision": _precision,
    "provider": lambda text: select_price(_any_gpu(), provider=text).provider or text,
    "terms": lambda text: select_price(_any_gpu(), terms=text).terms,
    "region": lambda text: region(text).name,
    "framework": lambda text: str(choose_framework(Given.of({"framework": text}), "").value),
    "recompute": _one_among("kind of recomputation", RECOMPUTE),
    "depreciation": _one_among("depreciation", DEPRECIATIONS),
    "scope": _one_among("scope", SCOPES),
    "attention_flop": _one_among("convention", ATTENTION),
    "scaling_law": _one_among("scaling law", tuple(LAWS)),
    "as_of": lambda text: str(price_day(Given.of({"as_of": text})) and text),
    "today": lambda text: str(day_from(text, "today") and text),
    "anchor": str,
    "layout": _layout,
}
