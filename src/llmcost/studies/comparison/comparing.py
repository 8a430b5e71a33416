"""Which hardware setup is best for a training run?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmcost import sampling
from llmcost._version import __version__
from llmcost.catalog.version import data_version
from llmcost.errors import (
    InputError,
    LayoutError,
    LlmcostError,
    UnitError,
    UnknownNameError,
    shown,
)
from llmcost.expressions import read_ordering
from llmcost.studies.answers import Estimate, Result, Warned
from llmcost.studies.choices.modelled import DOES_NOT_FIT as FIT_NOTE
from llmcost.studies.comparison.answer import Comparison
from llmcost.studies.comparison.columns import (
    condition_of,
    group_names,
    grouped,
    kept,
    names_and_units,
)
from llmcost.studies.comparison.counts import counts_in
from llmcost.studies.comparison.deadline import deadline_from, fewest_in_time
from llmcost.studies.comparison.limits import limits_of
from llmcost.studies.comparison.parts import (
    CANNOT_RUN,
    COMPARED,
    DOES_NOT_FIT,
    RUNS,
    TOO_SLOW,
    SetupResult,
)
from llmcost.studies.comparison.plain import plain_arguments
from llmcost.studies.comparison.setup_files import setups_in_file
from llmcost.studies.comparison.setups import Setup, Written, placed, read_setups
from llmcost.studies.comparison.terms import has_price, on_one_terms, terms_in
from llmcost.studies.comparison.weighing import Weighing
from llmcost.studies.estimation import check_draws, level_of, simulate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NO_PRICE = "no-price"
# Draws of all setups together: some twenty results of each are held, in 1.6 GB at most.
MOST_DRAWN = 10**7
# What a document of many estimates leaves out.
LEFT_OUT = ("histograms", "rentals")


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked of every setup: shared arguments, draws, and the deadline [day] if any."""

    shared: Mapping[str, Any]
    simulation: Mapping[str, Any]
    origins: Mapping[str, str]
    deadline: float | None


def compare(
    model: str | None = None,
    *,
    setups: Sequence[Written] | Path | None = None,
    gpus_for: object = None,
    gpu: str | Sequence[str] | None = None,
    num_gpus: object = None,
    terms: str | Sequence[str] | None = None,
    where: str | None = None,
    sort: str | None = None,
    group_by: str | Sequence[str] | None = None,
    draws: int = sampling.DRAWS,
    seed: int = sampling.SEED,
    interval: object = sampling.INTERVAL,
    thresholds: bool = False,
    origins: Mapping[str, str] | None = None,
    **shared: Any,  # noqa: ANN401
) -> Comparison:
    """Return setups of hardware side by side for one run, with what paired draws tell of them.

    A setup is text such as "h100-sxm:16000" or "mi300x:12000@2.10 USD/GPU/hour,precision=fp8", or a
    table of the arguments of `estimate` that are its own; a path is a .toml or .csv file of them.
    `gpu` adds accelerators by name, or "all" of the catalogue. Everything else that `estimate`
    takes is shared, and a setup's own counts before it. `num_gpus` is for setups without a number,
    once for each where it is several ([1024, 4096] or "1024,4096"); `gpus_for`, a time such as
    "90 day", gives each of these as many accelerators as meet it, and marks others that do not.
    `terms` may be several, of which each setup takes the first with a price. `where` keeps setups
    by a condition ("wall_clock < 60 day"), `sort` ranks them ("cost,-mfu"), `group_by` names what
    makes groups ("vendor"). What an accelerator cannot do leaves its setup in, with the reason.
    Raises what `estimate` raises for a value that cannot be used, with the name of the setup, and
    InputError where no setup can run.
    """
    check_draws(draws, seed)
    level = level_of(interval)
    _check_words(where, sort)
    groups = group_names(group_by)
    deadline = None if gpus_for is None else deadline_from(gpus_for)
    counts = counts_in(num_gpus)
    one = None if counts else num_gpus
    listed = {"model": model, "num_gpus": one, "terms": terms_in(terms) or None, **shared}
    question = _Question(
        {name: value for name, value in listed.items() if value is not None},
        {"draws": draws, "seed": seed, "interval": interval, "thresholds": thresholds},
        dict(origins or {}),
        deadline,
    )
    written = setups_in_file(setups) if isinstance(setups, Path) else setups
    found, drawn = _all_runs(read_setups(written, gpu, counts), question)
    weighing = Weighing(drawn, level, deadline)
    answer = weighing.weighed(found, sort)
    chosen, left_out = kept(answer.setups, where)
    if left_out:
        answer = weighing.weighed(chosen, sort)
    asked = {"model": model, "deadline": deadline, "terms": listed["terms"], "where": where}
    asked |= {"sort": sort, "group_by": list(groups)}
    return replace(
        answer,
        groups=grouped(answer.setups, answer.order, groups),
        left_out=tuple(left_out),
        asked={name: _listed(value) for name, value in asked.items() if value},
        meta=_meta(level, draws, seed),
    )


def _check_size(setups: int, draws: int) -> None:
    """Raise InputError for more draws than can be held for so many setups at once."""
    most = MOST_DRAWN // setups
    if draws > most:
        raise InputError(
            f"draws: got {draws:,} for each of {setups} setups, all held at once; needs at most "
            f"{most:,} for so many."
        )


def _meta(level: float, draws: int, seed: int) -> dict[str, Any]:
    versions = {"llmcost_version": __version__, "data_version": data_version()}
    return {**versions, "interval": level, "draws": draws, "seed": seed}


def _listed(value: Any) -> Any:  # noqa: ANN401
    return list(value) if isinstance(value, tuple) else value


def _check_words(where: str | None, sort: str | None) -> None:
    """Raise InputError for a condition or an ordering that cannot be read, before anything runs."""
    units, asked = names_and_units(), "where"
    try:
        if where is not None:
            condition_of(where)
        asked = "sort"
        if sort is not None:
            read_ordering(sort, list(units))
    except InputError as error:
        raise placed(error, asked) from None


def _all_runs(
    setups: Sequence[Setup], question: _Question
) -> tuple[list[SetupResult], dict[str, Mapping[str, Floats]]]:
    """Return every setup with its estimate, and its draws by name.

    Raises the error of the first setup where none can run, InputError for too many draws.
    """
    _check_size(len(setups), question.simulation["draws"])
    found, drawn, errors = [], {}, []
    for setup in setups:
        arguments = setup.over(question.shared)
        if question.deadline is None and arguments.get("num_gpus") is None:
            raise InputError(
                f"Setup {setup.name}: got no number of accelerators; needs one, such as "
                f"{arguments['gpu']}:16000, one for all setups, or a deadline (gpus_for)."
            )
        try:
            one, draws = _one_run(setup, arguments, question)
        except InputError as error:
            if _is_mistake(setup, error):
                raise (_of_setup(setup, error) if _is_own(setup, error) else error) from None
            told = plain_arguments(arguments)
            one, draws = SetupResult(setup.name, told, CANNOT_RUN, str(error)), {}
            errors.append(error)
        except LlmcostError as error:
            raise _of_setup(setup, error) from None
        found.append(one)
        drawn[one.name] = draws
    if len(errors) == len(found):
        raise _of_all(setups, errors)
    return found, drawn


def _is_mistake(setup: Setup, error: InputError) -> bool:
    """Return whether an error is about what was written, not about what an accelerator can do.

    Of a catalogue that is listed nothing was written for one accelerator alone.
    """
    if setup.listed or isinstance(error, LayoutError):
        return False
    written = tuple(f"{name}: got " for name in setup.arguments if name != "gpu")
    return isinstance(error, UnitError | UnknownNameError) or str(error).startswith(written)


def _is_own(setup: Setup, error: InputError) -> bool:
    """Return whether an error is about what the setup says itself and not what all share."""
    own = {name: value for name, value in setup.arguments.items() if name != "gpu"}
    text = str(error)
    return text.startswith(tuple(f"{name}: " for name in own)) or any(
        shown(value) in text for value in own.values()
    )


def _of_all(setups: Sequence[Setup], errors: Sequence[InputError]) -> LlmcostError:
    """Return the commonest error of setups none of which can run, with its setup if it is one."""
    texts = [str(error) for error in errors]
    commonest = max(texts, key=texts.count)
    at = texts.index(commonest)
    return errors[at] if texts.count(commonest) > 1 else _of_setup(setups[at], errors[at])


def _of_setup(setup: Setup, error: LlmcostError) -> LlmcostError:
    """Return an error that begins with the setup it is of."""
    error.args = (f"Setup {setup.name}: {error}",)
    return error


def _one_run(
    setup: Setup, arguments: Mapping[str, Any], question: _Question
) -> tuple[SetupResult, Mapping[str, Floats]]:
    """Return a setup with its estimate, and the draws of what is compared."""
    arguments, notes = on_one_terms(arguments)
    status, reason = RUNS, ""
    origins = {**question.origins, **dict.fromkeys(setup.arguments, setup.place)}
    if arguments.get("num_gpus") is None and question.deadline is not None:
        few = fewest_in_time(arguments, question.deadline)
        if few.num_gpus is None:
            told = plain_arguments(arguments)
            return SetupResult(setup.name, told, CANNOT_RUN, few.reason, notes=notes), {}
        arguments = {**arguments, "num_gpus": few.num_gpus}
        origins["num_gpus"] = f"the fewest that take {question.deadline:g} days or less"
        status, reason = (TOO_SLOW, few.reason) if few.reason else (RUNS, "")
    if not has_price(arguments):
        arguments = {name: each for name, each in arguments.items() if name != "max_cost"}
    simulated = simulate(origins=origins, **question.simulation, **arguments)
    one = _with_estimate(setup.name, arguments, simulated.estimate, notes)
    one = _judged(replace(one, status=status, reason=reason), question.deadline)
    draws = {name: simulated.draws[name] for name in COMPARED if name in simulated.draws}
    return one, {name: values for name, values in draws.items() if one.value(name) is not None}


def _with_estimate(
    name: str, arguments: Mapping[str, Any], estimate: Estimate, notes: tuple[Warned, ...]
) -> SetupResult:
    reports = {key: part for key, part in estimate.reports.items() if key not in LEFT_OUT}
    told = {warning.code: warning.message for warning in estimate.warnings}
    price = estimate.inputs.get("price")
    free = estimate.memory["headroom"]["value"] if estimate.memory else None
    return SetupResult(
        name=name,
        arguments=plain_arguments(arguments),
        no_price=told.get(NO_PRICE, ""),
        terms=price.detail.get("terms") if price else None,
        estimate=replace(estimate, reports=reports),
        headroom=None if free is None else Result(free, "GB", free, free),
        limits=limits_of(estimate.step),
        notes=notes,
    )


def _judged(one: SetupResult, deadline: float | None) -> SetupResult:
    """Return a setup with its status: does it fit in memory, and is it in time?"""
    estimate = one.estimate
    for warning in estimate.warnings if estimate else ():
        if warning.code == FIT_NOTE:
            return replace(one, status=DOES_NOT_FIT, reason=warning.message)
    days = one.value("wall_clock")
    if one.status == RUNS and deadline is not None and days is not None and days > deadline:
        reason = f"It takes {days:,.4g} days, more than the {deadline:g} days asked for."
        return replace(one, status=TOO_SLOW, reason=reason)
    return one
