"""Which accelerators a measured table means, in whatever way it writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from llmcost.catalog.files import cached_facts, overlay_folder
from llmcost.catalog.gpus import (
    Accelerator,
    accelerator,
    accelerator_names,
    accelerators,
    alias,
    measured_accelerator,
)
from llmcost.errors import UnknownNameError, nearest, one_of, shown

GIGA = 1e9
_NOISE = re.compile(
    r"\b(nvidia|amd|instinct|radeon|huawei|intel|habana|google|cloud|aws|amazon|tesla|geforce"
    r"|dgx|hgx|gpus?|npus?|chips?|accelerators?|tensor|core|oam|module|cards?|hbm\d?e?|memory"
    r"|nodes?|superchip|grace|hopper|ampere|blackwell|nvl72|trillium|slices?|pods?|ultra)\b"
)
_COUNTED = re.compile(r"^\s*\d+\s*(x|\u00d7|\*)\s*")
_SERIES = re.compile(
    r"\b(gb300|gb200|gh200|b300|b200|h800|h200|h100|h20|a800|a100|v100|l40s|l40|l4|a10g|a10|t4"
    r"|mi\d{3}[xa]?|gaudi\s?-?\d|trainium\s?-?\d?|trn\d|ascend[ -]?910[abc]?\d?|910[abc]?\d?"
    r"|tpu[ -]?v?\d ?lite|tpu[ -]?v?\d\w*|tpuv\d\w*|v\d[ep]\b|v5litepod|v\d(?=-\d)"
    r"|ironwood|rtx[ -]?\w+)(?=sxm|pcie|nvl|\b)"
)
_FORM = re.compile(r"\b(sxm\d?|pcie|pci-e|nvl|nvlink|dgx|hgx)\b")
_MEMORY = re.compile(r"\b(\d{2,3})\s*-?\s*gi?b?\b")
_FORMS = {"pci-e": "pcie", "pcie": "pcie", "nvl": "nvl"}


@dataclass(frozen=True, slots=True)
class Device:
    """The accelerator that a name is taken for, and the others that it may mean."""

    name: str | None
    alternatives: tuple[str, ...] = ()
    reason: str = ""


def device(text: str) -> Device:
    """Return what a measured table means by the name of an accelerator, or why nothing is known.

    A bare H100 or A100 is the module, as `measured_accelerator` says; where a name fits several
    and no one is usual, it is the module with most memory, or the middle one by peak.

    >>> device("H100").name, device("H100").alternatives
    ('h100-sxm', ('h100-pcie', 'h100-nvl'))
    """
    return _device_of(str(overlay_folder() or ""), text.strip())


@cached_facts
def _device_of(_folder: str, text: str) -> Device:
    if not text:
        return Device(None, reason="gpu: got nothing; needs the name of an accelerator")
    for spelling in _spellings(text):
        try:
            names = accelerator_names(spelling)
        except UnknownNameError:
            continue
        if len(names) > 1 and alias(spelling).relation == "mixed":
            return Device(
                None,
                names,
                f"gpu: got {shown(text)}, several accelerators in turn; needs {one_of(names)}",
            )
        return _chosen(_narrowed(names, text), measured_accelerator(spelling))
    return _by_parts(text)


def _spellings(text: str) -> tuple[str, ...]:
    """Return the name as it stands and without what tells nothing apart."""
    plain = _COUNTED.sub("", text)
    outside = re.sub(r"\([^)]*\)", " ", plain)
    bare = " ".join(_NOISE.sub(" ", outside.casefold()).split(" "))
    forms = (text, plain, outside, bare, re.sub(r"(\d)\s?g\b", r"\1gb", bare))
    return tuple(dict.fromkeys(" ".join(form.split()) for form in forms if form.strip()))


def _by_parts(text: str) -> Device:
    """Find the series, form and memory in a longer name."""
    lowered = _COUNTED.sub("", text.casefold().replace("_", " "))
    series = _SERIES.search(lowered)
    names = _names_of(series[0]) if series else ()
    if not names:
        every = [gpu.name for gpu in accelerators()]
        close = nearest(text.casefold().replace(" ", "-"), every)
        near = f"nearest {one_of(close)}" if close else "see: llmcost show gpus"
        return Device(None, reason=f"gpu: got {shown(text)}; needs a known accelerator, {near}")
    rest = lowered.replace(series[0], " ", 1) if series else lowered
    return _chosen(_narrowed(names, rest), None)


def _names_of(series: str) -> tuple[str, ...]:
    word = re.sub(r"\s|-", " ", series).strip()
    tries = [
        word,
        word.replace(" ", ""),
        re.sub(r"(?<=[a-z])(?=\d)", " ", word, count=1),
        f"tpu {word}",
    ]
    tries += [f"ascend {word}", f"{word}x", re.sub(r"\s?lite\w*$", "e", f"tpu {word}")]
    tries += [re.sub(r"^tpu\s?v?", "tpu v", word), re.sub(r"\s?lite\w*$", "e", word)]
    tries += [re.sub(r"^ascend ?", "ascend ", word)]
    for spelling in tries:
        try:
            return accelerator_names(spelling)
        except UnknownNameError:
            continue
    return ()


def _narrowed(names: tuple[str, ...], rest: str) -> tuple[str, ...]:
    """Keep those of the form and memory that the rest of the name states."""
    lowered = rest.casefold().replace("_", " ")
    form, memory = _FORM.search(lowered), _MEMORY.search(lowered)
    found = [accelerator(name) for name in names]
    if form:
        wanted = _FORMS.get(form[1], "sxm")
        found = [one for one in found if one.form_factor == wanted] or found
    if memory:
        size = int(memory[1]) * GIGA
        found = [o for o in found if o.memory and abs(o.memory / size - 1) < 0.06] or found
    return tuple(one.name for one in found)


def _chosen(names: tuple[str, ...], usual: Accelerator | None) -> Device:
    if usual is None or usual.name not in names:
        usual = _usual(names)
    others = tuple(name for name in names if name != usual.name)
    return Device(usual.name, others)


def _usual(names: tuple[str, ...]) -> Accelerator:
    found = [accelerator(name) for name in names]
    modules = [one for one in found if one.form_factor in ("sxm", "oam", "module")] or found
    most = max(one.memory or 0 for one in modules)
    large = [one for one in modules if (one.memory or 0) == most]
    ranked = sorted(large, key=lambda one: one.peak_flop_rates.get("fp16", 0.0))
    return ranked[(len(ranked) - 1) // 2]
