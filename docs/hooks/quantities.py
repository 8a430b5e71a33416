"""The pages of formulas, and of results and inputs, from what `llmcost explain` knows."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from latex import equation
from marks import code, linked, plain, table

import llmcost.formulas
from llmcost.studies import explained_formulas as groups
from llmcost.studies.answers import RESULT_UNITS
from llmcost.studies.explanation import Explanation, explain, explanations
from llmcost.views.estimates import RESULT_TITLES
from llmcost.views.input_titles import INPUT_TITLES

HEAD = """# Formulas and papers

Each number of an answer, its formula, the units of what goes in, and where the formula is
published. `llmcost explain NAME` prints the same. Each is one function of `llmcost.formulas`, which
checks the units of its arguments when it is called with quantities.

"""
STEP = """## The formulas of a step, and the rest

Terms of the predicted step, of memory and of exchanges have no name in an answer. They are
functions of `llmcost.formulas` as well; [how a step is predicted](prediction.md) tells how they are
put together.

"""
QUANTITIES = """# Results and inputs

Names are spelled with underscores in Python and JSON, with dashes on the command line
(`--fields gpu-hours`, `llmcost explain gpu-hours`). A unit of nothing is a count or a ratio.

"""
GROUPS = {
    "FLOP, time and rent": groups.RUN,
    "Failures and goodput": groups.FAILURES,
    "Terms of rental": groups.RENTAL,
    "Owning, energy and carbon": groups.OWNERSHIP,
    "A whole development": groups.DEVELOPMENT,
}
# Words of the expressions that are no numbers of an answer.
FURTHER = (
    "width",
    "matmul_parameters",
    "num_gpus",
    "post_training_tokens",
    "recompute_forward_share",
)


def formulas_page() -> str:
    """Return the page of formulas."""
    parts = [HEAD]
    for title, group in GROUPS.items():
        names = [*(["model_flop"] if group is groups.RUN else []), *group]
        parts.append(f"## {title}\n")
        parts.extend(part for name in names for part in _told(explain(name)))
    return "\n".join([*parts, STEP, *_further()])


def quantities_page() -> str:
    """Return the page of results and inputs."""
    results = [_row(name, RESULT_TITLES.get(name, "")) for name in RESULT_UNITS]
    inputs = [_row(name, title) for name, title in INPUT_TITLES.items()]
    told = [*RESULT_UNITS, *INPUT_TITLES]
    rest = [_row(name, "") for name in explanations() if name not in told]
    headers = ["Name", "In tables", "Unit", "What it is"]
    return "\n".join(
        [
            QUANTITIES,
            "## Results\n",
            table(headers, results),
            "## Inputs\n",
            table(headers, inputs),
            "## Other numbers that can be explained\n",
            table(headers, rest),
        ]
    )


def _told(one: Explanation) -> Iterator[str]:
    """Yield the section of one formula."""
    yield f"### {one.name.replace('_', '-')} {{: #{one.name.replace('_', '-')} }}\n"
    yield f"{linked(one.summary)}\n"
    latex, rest = equation(one.name, one.formula, {*explanations(), *dict(one.inputs), *FURTHER})
    yield f"```math\n{latex}\n```\n" if latex else f"{code(f'{one.name} = {one.formula}')}\n"
    if rest:
        yield f"Where: {plain(rest)}.\n"
    units = [(one.name, one.unit), *one.inputs]
    yield f"Units: {'; '.join(f'{code(name)} {_unit(unit)}' for name, unit in units)}.\n"
    yield from (f"{linked(text)}\n" for text in one.details)
    yield f"Source: {linked(one.source)}\n"


def _unit(unit: str) -> str:
    return code(unit) if unit else "count or ratio"


def _row(name: str, title: str) -> list[str]:
    """Return what is known about one number: with its link where it has a formula."""
    known = name in explanations()
    one = explain(name) if known else None
    told = linked(one.summary) if one else ""
    unit = one.unit if one else RESULT_UNITS.get(name, "")
    formula = bool(one and one.formula)
    link = f"[{code(name)}](../formulas.md#{name.replace('_', '-')})" if formula else code(name)
    return [link, plain(title), code(unit), told]


def _further() -> Iterator[str]:
    """Yield the formulas that no number of an answer names, module by module."""
    named = {path for path, _ in groups.FORMULAS.values()}
    for found in iter_modules(llmcost.formulas.__path__, "llmcost.formulas."):
        module = import_module(found.name)
        rows = [row for name, row in _functions(module) if f"{found.name}:{name}" not in named]
        if rows:
            yield f"### {found.name.rpartition('.')[2].replace('_', ' ').capitalize()}\n"
            yield f"{linked(inspect.cleandoc(module.__doc__ or '').partition(chr(10) * 2)[0])}\n"
            yield table(["Function", "Gives", "What", "Source"], rows)


def _functions(module: ModuleType) -> Iterable[tuple[str, list[str]]]:
    """Yield each formula of a module with its row."""
    for name, formula in vars(module).items():
        if hasattr(formula, "kernel") and formula.__module__ == module.__name__:
            yield name, _function_row(name, formula)


def _function_row(name: str, formula: object) -> list[str]:
    paragraphs = [" ".join(p.split()) for p in (inspect.getdoc(formula) or "").split("\n\n")]
    sources = [p.removeprefix("Source: ") for p in paragraphs if p.startswith("Source: ")]
    first = paragraphs[0].removeprefix("Return ")
    return [
        code(name),
        code(str(getattr(formula, "returns", ""))),
        linked(first[:1].upper() + first[1:]),
        linked(" ".join(sources) or "By definition."),
    ]
