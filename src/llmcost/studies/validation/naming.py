"""Which model of the catalogue a published name means."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmcost.catalog.files import cached_facts, overlay_folder
from llmcost.catalog.models import ModelEntry, models
from llmcost.errors import nearest

# Words that say who made a model or what was done with it, and nothing of its shape.
_WORDS = (
    r"\b(meta|nvidia|google|openai|mistral\s?ai|alibaba|tii\w*|hf|facebook|eleutherai|bigscience"
    r"|microsoft|mosaicml|allenai|ai2|deepseek-ai|model|base|pre-?train(ed|ing)?|instruct|chat"
    r"|sft|lora|fine-?tun\w*|finetune|benchmark|dense|moe|decoder|causal|lm|training|full|mlperf)\b"
)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([bmt])(?![a-z])", re.IGNORECASE)
_UP_TO_SIZE = re.compile(r"^.*?\d+(\.\d+)?\s*b(?![a-z])(\s*a\d+(\.\d+)?\s*b(?![a-z]))?")
_ACTIVE = re.compile(r"(?<![a-z])a(\d+(?:\.\d+)?)\s*b(?![a-z])", re.IGNORECASE)
_EXPERTS_TIMES = re.compile(r"\d+\s*x\s*\d", re.IGNORECASE)
_SCALES = {"m": 1e6, "b": 1e9, "t": 1e12}
NAME_TOLERANCE = 0.15
# Models whose layers are not all attention and MLP: what a name alone says of them is too little.
_MIXED_LAYERS = (
    r"mamba|jamba|zamba|samba|nemotron[-_ ]?(h\b|3(?![\d.]*b)|nano)|qwen3[-_ ]?next"
    r"|kimi[-_ ]?linear"
    r"|rwkv|retnet|hyena|griffin|recurrentgemma|falcon[-_ ]?h1|granite[-_ ]?4"
    r"|minimax[-_ ]?(text[-_ ]?)?01"
    r"|deepseek[-_ ]?v4|lfm|bamba|hymba"
)


def catalogue_model(name: str) -> ModelEntry | None:
    """Return the model of the catalogue that a published name means, or `None`.

    Case, separators, makers and words such as Base do not matter; a size beside a whole name must
    be that of the model. Nothing is guessed: a name that fits no model or several is `None`.

    >>> catalogue_model("LLAMA3.1_405B").name, catalogue_model("DeepSeek-V3 671B").name
    ('llama-3.1-405b', 'deepseek-v3')
    >>> catalogue_model("Llama 70B") is None
    True
    """
    known = _known(str(overlay_folder() or ""))
    for spelling in _spellings(name):
        found = known.get(_key(spelling))
        if found is not None and _size_fits(found, name):
            return found
    return None


def stated_sizes(name: str) -> tuple[float | None, float | None]:
    """Return all and active parameters that a name states, such as 13B or 30B-A3B.

    >>> stated_sizes("GPT 13B"), stated_sizes("Foo 30B-A3B"), stated_sizes("Mixtral 8x7B")
    ((13000000000.0, None), (30000000000.0, 3000000000.0), (None, None))
    """
    if _EXPERTS_TIMES.search(name):
        return None, None
    active = _ACTIVE.search(name)
    rest = name.replace(active[0], " ") if active else name
    sizes = [float(n) * _SCALES[s.casefold()] for n, s in _SIZE.findall(rest)]
    total = max(sizes, default=None) if sizes else None
    return total, float(active[1]) * 1e9 if active else None


def has_other_layers(name: str) -> bool:
    """Return whether a name is that of a model with layers other than attention and MLP.

    >>> has_other_layers("Nemotron_3_Super"), has_other_layers("Nemotron-4 340B")
    (True, False)
    """
    return bool(re.search(_MIXED_LAYERS, name.casefold()))


def close_names(name: str) -> tuple[str, ...]:
    """Return the names of the catalogue that look like this one."""
    return nearest(re.sub(r"[_\s]+", "-", name.strip()), [entry.name for entry in models()])


def _spellings(name: str) -> Iterator[str]:
    plain = name.casefold().rpartition("/")[2].replace("_", " ").replace("-", " ")
    outside = re.sub(r"\([^)]*\)", " ", plain)
    bare = re.sub(_WORDS, " ", plain)
    bare_outside = re.sub(_WORDS, " ", outside)
    forms = (plain, bare, outside, bare_outside)
    yield from forms
    yield from (found[0] for form in forms if (found := _UP_TO_SIZE.match(form)))
    for form in (bare, bare_outside):
        yield _SIZE.sub(" ", form, count=1)
        yield _SIZE.sub(" ", re.sub(r"\ba\d+(\.\d+)?b\b", " ", form), count=1)


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9.]", "", text.casefold().replace("+", "plus")).strip(".")


@cached_facts
def _known(_folder: str) -> dict[str, ModelEntry]:
    """Return the models by key; keys that two models share mean neither."""
    found: dict[str, ModelEntry | None] = {}
    for entry in models():
        for text in {entry.name, *entry.aliases, *(a.rpartition("/")[2] for a in entry.aliases)}:
            key = _key(text)
            found[key] = entry if found.get(key, entry) is entry else None
    return {key: entry for key, entry in found.items() if entry is not None}


def _size_fits(entry: ModelEntry, name: str) -> bool:
    """Return whether the size in a name, if any, is that of a model."""
    total, active = stated_sizes(name)
    sizes = (entry.parameters, entry.active_parameters)
    if total and not any(abs(total / size - 1) < NAME_TOLERANCE for size in sizes):
        return _key(entry.name) in _key(name) and _SIZE.search(entry.name) is not None
    return not active or abs(active / entry.active_parameters - 1) < 2 * NAME_TOLERANCE
