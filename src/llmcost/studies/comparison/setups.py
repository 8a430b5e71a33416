"""Setups as people write them: text, tables of arguments, and files of either kind.

::

    setup = gpu [":" count] ["@" price] { "," argument "=" value }

A comma begins another argument only before a name and ``=``, so that ``16,000`` and
``layout=tp=8,pp=16`` are read as they look; a value may stand in quotes or square brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from llmcost.catalog.gpus import accelerator, accelerators
from llmcost.errors import InputError, UnknownNameError, shown
from llmcost.layout.text import KEYS as LAYOUT_KEYS
from llmcost.ranges import read_range
from llmcost.reading import read_quantity
from llmcost.studies.choices.factors import FACTORS
from llmcost.studies.choices.given import NAMES
from llmcost.studies.comparison.counts import crossed
from llmcost.studies.fights import opponents

ALL = "all"
MAX_SETUPS = 1000
MAX_TEXT = 1000
SPELLINGS = {"gpus": "num_gpus", "count": "num_gpus"}
# Only shared by all setups: they say what is asked, not what is compared.
SHARED_ONLY = ("max_cost", "attention_flop", "scaling_law", "strict", "today")
# What these add to an estimate is told by `estimate` alone.
NOT_COMPARED = ("method", "currency", "dollars_of")
ARGUMENTS = frozenset(NAMES) - frozenset((*SHARED_ONLY, *NOT_COMPARED))
FLAGS = ("embodied", "water", "equity")
YES = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
# A bare number is read in these, as the options of a command line read it.
DECLARED = {
    "price": "USD/GPU/hour",
    "price_per_node_hour": "USD/hour",
    **{name: factor.unit for name, factor in FACTORS.items() if factor.unit},
}
EXAMPLE = "such as 'h100-sxm:16000' or 'mi300x:12000@2.10 USD/GPU/hour,precision=fp8'"
# What is told of a setup beside its accelerator, the least first.
TOLD = ("", ":", "@", ",", ":@", ":,", ":@,")
_HEAD = re.compile(r"\s*(?P<gpu>[^:@=]+?)\s*(?::\s*(?P<count>[^@:=]+?)\s*)?(?:@\s*(?P<price>.+))?")
_ARGUMENT = re.compile(r"\s*(?P<name>[A-Za-z][A-Za-z0-9_-]*)\s*=")
_OPEN = {'"': '"', "'": "'", "[": "]"}


@dataclass(frozen=True, slots=True)
class Setup:
    """One setup: its name, its own arguments of `estimate`, and where it was written."""

    name: str
    arguments: Mapping[str, Any]
    place: str
    listed: bool = False

    def over(self, shared: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of the setup with the shared ones that its own leave standing."""
        own = {name: value for name, value in self.arguments.items() if value is not None}
        gone = set(own).union(*(opponents(name) for name in own))
        return {name: value for name, value in shared.items() if name not in gone} | own


Written = str | Mapping[str, Any] | Setup


def read_setups(
    setups: Sequence[Written] | None,
    gpu: str | Sequence[str] | None = None,
    counts: Sequence[Any] = (),
) -> tuple[Setup, ...]:
    """Return the setups that were written, then those of accelerators that were named.

    `gpu` is a name, several, or "all" for every accelerator of the catalogue. Those without a
    number of accelerators are there once for each of `counts`. Raises InputError for a setup that
    cannot be read, for two alike, and for none or too many.
    """
    if isinstance(setups, str | Mapping):
        setups = [setups]
    if not isinstance(setups, list | tuple | None):
        raise InputError(f"setups: got {shown(setups)}; needs a list of setups, {EXAMPLE}.")
    read = [_read(each, f"setup {number}") for number, each in enumerate(setups or (), 1)]
    read += [({"gpu": name}, f"gpu {name}", _is_all(gpu)) for name in _named(gpu)]
    if not read:
        raise InputError(
            f"setups: got none; needs setups {EXAMPLE}, or accelerators by name, or all of them."
        )
    read = list(crossed(read, counts))
    if len(read) > MAX_SETUPS:
        raise InputError(f"setups: got {len(read):,}; needs at most {MAX_SETUPS:,}.")
    parts = [_checked(*each) for each in read]
    names = _names([arguments for arguments, _, _ in parts])
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"setups: got {name} twice; needs names, or setups, that differ.")
    return tuple(
        Setup(name, {key: value for key, value in own.items() if key != "name"}, place, listed)
        for name, (own, place, listed) in zip(names, parts, strict=True)
    )


def read_setup(text: str) -> dict[str, Any]:
    """Return the arguments that the text of a setup states.

    Raises InputError for text that is none, UnknownNameError for an argument that no setup has.

    >>> read_setup("mi300x:12,000@2.10, layout=tp=8,pp=2")
    {'gpu': 'mi300x', 'num_gpus': '12,000', 'price': '2.10 USD/GPU/hour', 'layout': 'tp=8,pp=2'}
    """
    head, *rest = _pieces(text)
    match = _HEAD.fullmatch(head) if len(text) <= MAX_TEXT else None
    if match is None:
        raise InputError(
            f"Got {shown(text)}; needs an accelerator, its number and price, {EXAMPLE}."
        )
    given = {"gpu": match["gpu"], "num_gpus": match["count"], "price": match["price"]}
    found = {name: value.strip() for name, value in given.items() if value is not None}
    for piece in rest:
        name, _, value = piece.partition("=")
        key = argument_name(name)
        if key in found:
            raise InputError(f"Got {key} twice in {shown(text)}; needs it once.")
        found[key] = _unquoted(value)
    return {name: as_argument(name, value) for name, value in found.items()}


def argument_name(text: str) -> str:
    """Return the argument of a setup that a text names, with dashes or underscores.

    Raises UnknownNameError for a name that no setup has, InputError for one that all must share
    or that is of no use to a comparison.
    """
    name = text.strip().lower().replace("-", "_")
    name = SPELLINGS.get(name, name)
    if name in SHARED_ONLY:
        raise InputError(f"Got {name} in a setup; needs it once for all setups, outside of them.")
    if name in NOT_COMPARED:
        raise InputError(f"Got {name} in a setup; nothing compares what it tells. Use estimate.")
    if name not in ARGUMENTS and name != "name":
        raise UnknownNameError("argument of a setup", text.strip(), (*ARGUMENTS, "name", "gpus"))
    return name


def as_argument(name: str, value: Any) -> Any:  # noqa: ANN401
    """Return a value that was read from text or a file, a bare number in the unit of its option.

    Raises InputError for a flag that is neither yes nor no.
    """
    if name in FLAGS and not isinstance(value, bool):
        if not isinstance(value, str) or value.strip().lower() not in YES:
            raise InputError(f"{name}: got {shown(value)}; needs yes or no.")
        return YES[value.strip().lower()]
    if type(value) is date:
        return value.isoformat()
    if name in DECLARED and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value!r} {DECLARED[name]}"
    if name in DECLARED and isinstance(value, str):
        return value if has_unit(value) else f"{value} {DECLARED[name]}"
    return value


def has_unit(text: str) -> bool:
    """Return whether a quantity or range has a unit; what cannot be read is left as it is."""
    try:
        found = read_range(text)
        return bool(found.unit if found else read_quantity(text)[1])
    except InputError:
        return True


def named_arguments(table: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a table of arguments under their own names.

    Raises UnknownNameError for a name that no setup has, InputError for one that stands twice.
    """
    found: dict[str, Any] = {}
    for name, value in table.items():
        key = argument_name(str(name))
        if key in found:
            raise InputError(f"Got {key} twice; needs it once.")
        found[key] = value
    return found


def placed(error: InputError, place: str) -> InputError:
    """Return an error that begins with where it was written."""
    error.args = (f"{place}: {error}",)
    return error


def _read(given: Any, place: str) -> tuple[dict[str, Any], str, bool]:  # noqa: ANN401
    if isinstance(given, Setup):
        return {"name": given.name, **given.arguments}, given.place, given.listed
    if not isinstance(given, str | Mapping):
        raise InputError(
            f"{place}: got {shown(given)}; needs text {EXAMPLE}, or a table of arguments."
        )
    try:
        own = read_setup(given) if isinstance(given, str) else named_arguments(given)
    except InputError as error:
        raise placed(error, place) from None
    return own, place, False


def _named(gpu: str | Sequence[str] | None) -> Iterable[str]:
    if gpu is None:
        return ()
    if isinstance(gpu, str):
        return [part.name for part in accelerators()] if _is_all(gpu) else gpu.split(",")
    if not isinstance(gpu, list | tuple):
        raise InputError(f"gpu: got {shown(gpu)}; needs names of accelerators, or all.")
    return gpu


def _is_all(gpu: object) -> bool:
    """Return whether the whole catalogue is meant."""
    return isinstance(gpu, str) and gpu.strip().lower() == ALL


def _checked(given: dict[str, Any], place: str, listed: bool) -> tuple[dict[str, Any], str, bool]:
    """Return the arguments with the accelerator by its own name; raises InputError without one."""
    if not isinstance(given.get("gpu"), str):
        raise InputError(f"{place}: got no accelerator; needs gpu, a name from: llmcost show gpus.")
    if not isinstance(given.get("name"), str | int | None):
        raise InputError(f"{place}: name is {shown(given['name'])}; needs text.")
    try:
        return {**given, "gpu": accelerator(given["gpu"]).name}, place, listed
    except InputError as error:
        raise placed(error, place) from None


def _names(setups: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a name a setup: the one given, else the shortest that tells it from all others."""
    given = [str(own["name"]) if own.get("name") else "" for own in setups]
    tries = [[_short(own, parts) for own in setups] for parts in TOLD]
    return [name or _unlike(at, tries, given) for at, name in enumerate(given)]


def _unlike(at: int, tries: Sequence[Sequence[str]], given: Sequence[str]) -> str:
    """Return the first name tried for a setup that no other has, or the last of them."""
    for names in tries:
        unnamed = [name for name, own in zip(names, given, strict=True) if not own]
        if unnamed.count(names[at]) == 1 and names[at] not in given:
            return names[at]
    return tries[-1][at]


def _short(own: Mapping[str, Any], parts: str) -> str:
    """Return the accelerator with some of its number (:), its price (@), and all else (,)."""
    count = f":{own['num_gpus']}" if own.get("num_gpus") is not None and ":" in parts else ""
    price = f"@{own['price']}" if own.get("price") is not None and "@" in parts else ""
    rest = [f"{k}={v}" for k, v in own.items() if k not in ("gpu", "num_gpus", "price", "name")]
    return ",".join([f"{own['gpu']}{count}{price}", *(rest if "," in parts else [])])


def _pieces(text: str) -> list[str]:
    """Return the parts of a text between those commas that begin another argument."""
    found, start, closing = [], 0, ""
    for at, sign in enumerate(text):
        if closing:
            closing = "" if sign == closing else closing
        elif sign in _OPEN:
            closing = _OPEN[sign]
        elif sign == "," and _begins(text[at + 1 :], text[start:at]):
            found.append(text[start:at])
            start = at + 1
    if closing:
        raise InputError(f"Got {shown(text)}; needs {closing} at the end of what it encloses.")
    return [*found, text[start:]]


def _begins(rest: str, before: str) -> bool:
    """Return whether a name and = follow that are not a part of a layout begun before."""
    match = _ARGUMENT.match(rest)
    if match is None:
        return False
    name, _, value = before.partition("=")
    bare = name.strip().lower() == "layout" and value.strip()[:1] not in _OPEN
    return not (bare and match["name"].lower() in LAYOUT_KEYS)


def _unquoted(value: str) -> str:
    text = value.strip()
    if len(text) > 1 and _OPEN.get(text[0]) == text[-1]:
        return text[1:-1].strip()
    return text
