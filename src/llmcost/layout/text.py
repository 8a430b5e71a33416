"""Layouts as people write them: ``tp=8,pp=16,dp=128`` or ``TP 8, PP 16, CP 1, DP 64``.

::

    layout    = part { separator part }
    part      = key ["=" | ":" | " "] value
    separator = "," | ";" | " " | "x" between parts
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

from llmcost.errors import LayoutError, nearest, one_of, shown
from llmcost.layout.record import Layout, PartialLayout

MAX_TEXT = 500
SHORT = {
    "tensor_parallel": "tp",
    "pipeline_parallel": "pp",
    "virtual_stages": "vp",
    "data_parallel": "dp",
    "context_parallel": "cp",
    "expert_parallel": "ep",
    "expert_tensor_parallel": "etp",
    "micro_batch_size": "mbs",
    "global_batch_size": "gbs",
    "zero_stage": "zero",
    "shard_group": "shard",
    "sequence_parallel": "sp",
    "recompute": "recompute",
    "schedule": "schedule",
}
KEYS = {short: name for name, short in SHORT.items()} | {name: name for name in SHORT}
KEYS |= {"vpp": "virtual_stages", "ac": "recompute"}
SWITCH = {"on": True, "yes": True, "true": True, "1": True}
SWITCH |= {"off": False, "no": False, "false": False, "0": False}
SCHEDULE_NAMES = {
    "interleaved-1f1b": "interleaved",
    "zb": "zero-bubble",
    "zb-h1": "zero-bubble",
    "zbv": "zero-bubble-v",
    "zb-v": "zero-bubble-v",
}
_BETWEEN = re.compile(r"(?<=[\da-z])\s*[*×]\s*(?=[a-z])|(?<=\d)\s*x\s*(?=[a-z])|\s+x\s+")
_JOINED = re.compile(r"([a-z_-]+?)(\d+)", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{0,12})?|\.\d{1,12})(%?)", re.ASCII)


def read_layout(text: str) -> PartialLayout:
    """Return the layout, whole or partly given, that a text states.

    Keys are the short names (tp, pp, vp or vpp, dp, cp, ep, etp, mbs, gbs, zero, shard, sp,
    recompute or ac, schedule) or the long ones; case does not matter. Raises LayoutError for an
    unknown or repeated key and for a value that cannot be.

    >>> read_layout("TP 8, PP 16, sp=on").given()
    {'tensor_parallel': 8, 'pipeline_parallel': 16, 'sequence_parallel': True}
    """
    values: dict[str, Any] = {}
    readable = isinstance(text, str) and len(text) <= MAX_TEXT
    for key, value in _parts(text.lower()) if readable else ():
        name = _name(key)
        if name in values:
            raise LayoutError(
                f"The layout gives {name} twice, the second time as {key}={value}: keep one."
            )
        values[name] = _READERS.get(name, _whole)(key, value)
    if not values:
        raise LayoutError(f"A layout: got {shown(text)}; needs parts such as tp=8,pp=16,dp=128.")
    return PartialLayout(**values)


def layout_text(layout: Layout | PartialLayout) -> str:
    """Return a layout in short names, as `read_layout` reads it.

    >>> layout_text(read_layout("TP 8; pp=16 sp=on"))
    'tp=8,pp=16,sp=on'
    """
    values = ((SHORT[f.name], getattr(layout, f.name)) for f in fields(layout))
    return ",".join(f"{key}={_told(value)}" for key, value in values if value is not None)


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Yield the keys and values of a lower-case text."""
    tight = re.sub(r"\s*[=:]\s*", "=", _BETWEEN.sub(" ", text))
    words = iter([word for word in re.split(r"[\s,;]+", tight) if word])
    for word in words:
        key, equals, value = word.partition("=")
        joined = None if equals or key in KEYS else _JOINED.fullmatch(word)
        if joined:
            key, value = joined.groups()
        elif not equals:
            _name(key)
            value = next(words, "")
        if not value or "=" in value:
            raise LayoutError(f"The layout's {shown(key)} has no value; needs one, as in tp=8.")
        yield key, value


def _name(key: str) -> str:
    name = KEYS.get(key.replace("-", "_"))
    if name is None:
        close = nearest(key.replace("-", "_"), KEYS)
        hint = f"Did you mean {one_of(close)}? " if close else ""
        raise LayoutError(
            f"Unknown part {shown(key)} of a layout. {hint}Known are {', '.join(SHORT.values())} "
            "and their long names, as in tp=8,pp=16,dp=128."
        )
    return name


def _whole(key: str, value: str) -> int:
    if not _WHOLE.fullmatch(value):
        raise LayoutError(f"{key}: got {shown(value)}; needs a whole number, as in {key}=1.")
    return int(value)


def _switch(key: str, value: str) -> bool:
    if value not in SWITCH:
        raise LayoutError(f"{key}: got {shown(value)}; needs on or off.")
    return SWITCH[value]


def _recompute(_key: str, value: str) -> str | float:
    share = _SHARE.fullmatch(value)
    if share is None:
        return value
    return float(share[1]) / (100 if share[2] else 1)


def _schedule(_key: str, value: str) -> str:
    folded = value.replace("_", "-")
    return SCHEDULE_NAMES.get(folded, folded)


_READERS: dict[str, Callable[[str, str], Any]] = {
    "sequence_parallel": _switch,
    "recompute": _recompute,
    "schedule": _schedule,
}
