"""What the free text of a measured table says: frameworks, precisions, recomputation, hints.

Publications write these cells in many ways; every reader here returns `None` where the text does
not say, and never a usual value in its place.
"""

from __future__ import annotations

import re

MEGATRON, FSDP, XLA, OTHER = "megatron", "fsdp", "xla", "other"

# The first family with a matching name wins: a backend that is named beside its wrapper
# (torchtitan in Primus, AutoModel in NeMo) comes before the wrapper.
FAMILIES: tuple[tuple[str, str], ...] = (
    (FSDP, r"torch\s?-?_?titan|auto\s?-?model|simple\s?fsdp"),
    (XLA, r"max\s?-?text|levanter|\bpax(ml)?\b|praxis|t5x|pathways|easylm|axlearn|\balpa\b"),
    (XLA, r"gspmd|mesh.?tensorflow|mesh.?transformer|torch[ /_-]?xla|torchacc|haliax|gemini.*jax"),
    (
        XLA,
        r"\bjax\b|\bxla\b|\bflax\b|neuron|\bnxd\b|optimum.?neuron|big.?vision|midgpt|\bswarm.?jax",
    ),
    (MEGATRON, r"mega\s?-?_?tron|\bnemo\b|m-?core|megascale|mega-?scale|primus|gpt-?neo-?x"),
    (MEGATRON, r"mindspeed|flag\s?scale|pai-|galvatron|internevo|hai-?llm|paddle|megablocks"),
    (
        MEGATRON,
        r"bigscience|mlperf|\bbloom\b|transformer.?engine|ascend.?speed|\byalm\b|blueconnect",
    ),
    (FSDP, r"fsdp|llm-?\s?foundry|composer|mosaic|lit-?gpt|lit-?llama|lightning|fabric|olmo"),
    (
        FSDP,
        r"metaseq|fairseq|fairscale|picotron|nanotron|colossal|deep-?\s?speed|zero\b|zero-?[123]",
    ),
    (FSDP, r"hugging\s?face|\bhf\b|transformers|accelerate|\btrl\b|axolotl|torch\s?-?tune|unsloth"),
    (FSDP, r"llama-?\s?factory|ve-?scale|lingua|optimum|habana|nano-?gpt|bmtrain|patrick-?star"),
    (FSDP, r"modalities|swift|sagemaker|hyperpod|\bsmp\b|\bddp\b|open-?instruct|xtuner|prime\b"),
    (
        FSDP,
        r"open-?diloco|intellect|tinyllama|llm-?360|pytorch|\btorch\b|flashattn|flash-?attention",
    ),
)

NOTHING = frozenset(
    (
        *("", "-", "--", "?", "n/a", "na", "nan", "null", "unknown", "tbd", "not stated"),
        *("unstated", "not published", "not reported", "unspecified", "\u2013", "\u2014"),
    )
)
YES = frozenset(("yes", "y", "true", "1", "on", "enabled", "sp", "with"))
NO = frozenset(("no", "n", "false", "0", "off", "disabled", "none", "without"))

_PRECISIONS: tuple[tuple[str, str], ...] = (
    ("nvfp4", r"nv\s?-?fp4|\bfp4\b|float4"),
    ("mxfp4", r"mx\s?-?fp4"),
    ("mxfp8", r"mx\s?-?fp8|fp8[ _-]?\(?mx|mx[ -]?scaling|mxfloat8"),
    (
        "fp8-block",
        r"(fp8|float8|e4m3).{0,40}(block|sub-?channel|128\s?x\s?128|1\s?x\s?128|[-_]sc\b)",
    ),
    ("fp8-block", r"(block-?wise|sub-?channel|fine-?grained).{0,20}(fp8|float8)"),
    ("fp8", r"fp8|float8|e4m3|e5m2|\bf8\b"),
    ("int8", r"int8|w8a8|aqt"),
    ("bf16", r"bf\s?-?16|bfloat\s?-?16|brain.?float"),
    ("fp16", r"fp\s?-?16|float\s?-?16|\bhalf\b|\bf16\b|\bamp\b"),
    ("tf32", r"tf\s?-?32"),
    ("fp32", r"fp\s?-?32|float\s?-?32|single precision|\bf32\b"),
)
_SCALINGS = (
    ("current", r"current|[-_]cs\b|_cs_|per-?tensor|tensor-?wise|dynamic"),
    ("delayed", r"delayed|[-_]ds\b|_ds_"),
    ("row", r"row-?wise|per-?token|per-?channel"),
)
_SELECTIVE_WORDS = (
    r"selectiv|core.?attn|core attention|attention only|mla_up_proj|moe_act|layernorm|up_proj"
    r"|save_|dots|minimal|sac\b|partial|granular|norms?\b|swiglu|activation function|attn"
    r"|attention$|mlp only|_proj|offload|custom"
)
_FULL_WORDS = (
    r"\bfull|\bfac\b|uniform|\bblock\b|\ball\b|every layer|whole layer|activation checkpoint"
)
_NO_RECOMPUTE = r"^(none\b.*|w/o.*|no|off|false|0|disabled|without.*|no .*|nothing|not used|never)$"
_SOME_LAYERS = (
    r"recompute[sd]?[\w ]*?(?P<a>\d+)\s*(?:/|of|out of)\s*(?P<b>\d+)\s*layers",
    r"(?P<a>\d+)\s*(?:/|of|out of)\s*(?:the\s*)?(?P<b>\d+)\s*layers?(?:\s*\w+)?\s*recompute",
    r"^\w*[ (]*(?P<a>\d+)\s*(?:/|of|out of)\s*(?:the\s*)?(?P<b>\d+)\s*layers?\)?$",
)
_LAYERS_A_STAGE = (
    r"recompute_num_layers\s*=\s*(\d+)",
    r"recompute[sd]?(?:\s+\w+)?\s+(\d+)\s+layers?\b(?! of)",
    r"(?:full|block|uniform)\W+(\d+)\s+layers?\b(?! of)",
)
_EVERY_NTH = r"every\s+(\d+)(?:nd|rd|th|st)?\s+layers?|every\s+(other|second)\s+layer"


def family(text: str) -> str:
    """Return the family of the framework that a text names: megatron, fsdp, xla or other.

    >>> family("NVIDIA NeMo 25.02"), family("MaxText (JAX)"), family("own stack")
    ('megatron', 'xla', 'other')
    """
    lowered = text.casefold()
    found = (name for name, pattern in FAMILIES if re.search(pattern, lowered))
    return next(found, OTHER)


def stated(text: str) -> str:
    """Return a cell's text, empty where it only says that nothing is known."""
    bare = text.strip()
    return "" if bare.casefold() in NOTHING else bare


def yes_or_no(text: str) -> bool | None:
    """Return whether a cell says yes or no; `None` where it says neither.

    >>> yes_or_no("True"), yes_or_no("off"), yes_or_no("")
    (True, False, None)
    """
    word = re.split(r"[\s(,;]", text.strip().casefold(), maxsplit=1)[0]
    return True if word in YES else False if word in NO else None


def precision(dtype: str, *elsewhere: str) -> str | None:
    """Return the arithmetic that a cell names, with its FP8 recipe from the texts `elsewhere`.

    Of several formats the narrowest is the one that the matrix products run in.

    >>> precision("BF16"), precision("FP8", "128x128 weights, FP8 blockwise"), precision("")
    ('bf16', 'fp8-block', None)
    """
    found = _format_in(re.sub(r"\([^)]*\)", " ", dtype)) or _format_in(dtype)
    found = _format_in(dtype) if found == "fp8" else found
    if found is None and not stated(dtype):
        return next((name for text in elsewhere if (name := _format_in(text))), None)
    if found != "fp8":
        return found
    recipes = [_format_in(_about_fp8(text)) for text in elsewhere]
    return next((name for name in recipes if name in ("mxfp8", "fp8-block")), found)


def fp8_scaling(*texts: str) -> str | None:
    """Return how per-tensor FP8 is scaled, where said: current, delayed or row.

    >>> fp8_scaling("FP8 current (per-tensor) scaling")
    'current'
    """
    joined = " ".join(texts).casefold()
    return next((name for name, pattern in _SCALINGS if re.search(pattern, joined)), None)


def recompute(cell: str, notes: str = "") -> str | None:
    """Return none, selective or full; `None` where neither the cell nor the notes say.

    >>> recompute("full"), recompute("no"), recompute("", "recompute_modules=['mla_up_proj']")
    ('full', 'none', 'selective')
    """
    text = stated(cell).casefold()
    if text:
        return _recompute_word(text)
    lowered = notes.casefold()
    modules = re.search(r"recompute_modules\s*=\s*\[([^\]]+)\]", lowered)
    if modules or re.search(r"selective (activation )?(recompute|checkpoint|ac\b)", lowered):
        return "selective"
    if re.search(
        r"\bremat\s*=\s*full|full (activation )?(recompute|checkpoint|remat|ac\b)", lowered
    ):
        return "full"
    if _layers_a_stage(lowered) or _some_layers(lowered):
        return "full"
    if re.search(r"\b(no|without) (activation |gradient )?(recompute|checkpoint)", lowered):
        return "none" if "override" not in lowered else None
    return None


def recomputed_share(
    cell: str, notes: str, *, layers: int | None, stages: int | None
) -> float | None:
    """Return the share of layers recomputed in full, where the text tells how many.

    Megatron counts recomputed layers in each of the pipeline's `stages`.

    >>> recomputed_share("full 4 layers", "", layers=32, stages=4)
    0.5
    """
    for text in (cell.casefold(), notes.casefold()):
        nth = re.search(_EVERY_NTH, text)
        if nth:
            return 1 / (int(nth[1]) if nth[1] else 2)
        some = _some_layers(text)
        if some is not None:
            return some
        each = _layers_a_stage(text)
        if each and layers and stages:
            return min(1.0, each * stages / layers)
    return None


def _format_in(text: str) -> str | None:
    lowered = text.casefold()
    return next((name for name, pattern in _PRECISIONS if re.search(pattern, lowered)), None)


def _about_fp8(text: str) -> str:
    """Return a text so that a bare block size in it reads as that of FP8."""
    return f"fp8 {text}" if re.search(r"128\s?x\s?128|1\s?x\s?128|sub-?channel", text) else text


def _recompute_word(text: str) -> str | None:
    if re.search(_NO_RECOMPUTE, text):
        return "none"
    partly = re.search(_EVERY_NTH, text) or _some_layers(text) or _layers_a_stage(text)
    if partly or text.startswith("full"):
        return "full"
    if re.search(_SELECTIVE_WORDS, text):
        return "selective"
    if re.search(_FULL_WORDS, text) or text in YES or "checkpoint" in text or "remat" in text:
        return "full"
    return None


def _some_layers(text: str) -> float | None:
    for pattern in _SOME_LAYERS:
        found = re.search(pattern, text)
        if found and 0 < int(found["a"]) <= int(found["b"]):
            return int(found["a"]) / int(found["b"])
    return None


def _layers_a_stage(text: str) -> int | None:
    found = next((f for p in _LAYERS_A_STAGE if (f := re.search(p, text))), None)
    return int(found[1]) if found else None
