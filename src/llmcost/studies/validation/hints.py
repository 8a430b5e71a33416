"""What remarks tell of a run beside the columns: overlap, schedule, graphs, links, memory."""

from __future__ import annotations

import re
from dataclasses import dataclass

PIPELINE_1F1B, ZERO_BUBBLE_H1, ZERO_BUBBLE_V, DUAL_PIPE = 0, 1, 2, 3
BYTES_PER_GIGABIT = 1e9 / 8
GIBIBYTE, GIGABYTE = 2.0**30, 1e9

_SCHEDULES = (
    (DUAL_PIPE, r"dual\s?-?pipe"),
    (ZERO_BUBBLE_V, r"zb-?v|zero[- ]?bubble[- ]?\(?(v|h2)|zb-?h2|zb-?2p|v-?schedule|v-half"),
    (ZERO_BUBBLE_H1, r"zero[- ]?bubble|zb-?h?1|zbpp"),
)
_PARTS = {
    "tensor": r"\btp\b|tensor",
    "data": r"grad(ient)?-?\s?reduc\w*|\bdp\b|data[- ]parallel|param\w*[- ]?gather|reduce-?scatter",
    "pipeline": r"\bp2p\b|\bpp\b|pipeline",
    "expert": r"\ba2a\b|all-?to-?all|\bep\b|expert",
}
_DISABLED = r"overlap.{0,60}(disabled|off\b|false)|(no|without|disabled?) .{0,30}overlap"
_DROP = (
    r"token-?\s?drop(?!less)|drops? tokens|capacity[ _]factor\s*(of|=|:)?\s*1(\.0*)?\b|tokendrop"
)
_DROPLESS = r"drop-?\s?less|no tokens? drop|without (token )?drop"
_NODE_LINK = (
    r"(?P<n>\d+)\s*x\s*(?P<g>\d+)\s*(?:g\b|gb/?s|gbit/?s|gbps)[^;]{0,40}",
    r"(?P<g>\d+)\s*(?:gb/?s|gbit/?s|gbps)\s*(?:per|/|a)\s*node",
)


@dataclass(frozen=True, slots=True)
class Hints:
    """What remarks tell; `None` where they do not.

    `cuda_graph` is none where the remark says so, `dispatcher` then alltoall.
    `overlap_*` say whether communication of that kind is hidden behind computing.
    `node_bandwidth` [byte/s] is that of a node's network, one way, `peak_allocated` [byte] the
    memory allocated on one accelerator at most, `offloaded_layers` those whose activations move to
    the host. `pure_bf16` says that weights, gradients and reductions are all bf16, `packed` that
    short texts fill a sequence, none of which attends to another, `learned_positions` that there
    is a table of positions.
    """

    schedule: int = PIPELINE_1F1B
    overlap_tensor: bool | None = None
    overlap_data: bool | None = None
    overlap_pipeline: bool | None = None
    overlap_expert: bool | None = None
    token_drop: bool | None = None
    balanced_router: bool | None = None
    prediction_layer: bool | None = None
    expert_tensor_parallel: int | None = None
    micro_batches: int | None = None
    cuda_graph: str | None = None
    dispatcher: str | None = None
    offloaded_layers: int | None = None
    optimizer: str | None = None
    pure_bf16: bool | None = None
    context_exchange: str | None = None
    node_bandwidth: float | None = None
    peak_allocated: float | None = None
    dense_layers: int | None = None
    vocabulary: float | None = None
    packed: bool | None = None
    learned_positions: bool | None = None


def read_hints(notes: str, framework: str = "", flags: str = "") -> Hints:
    """Return what the remarks, the framework's name and the flags of a row tell.

    >>> read_hints("overlap of grad-reduce/TP/P2P disabled by the launcher").overlap_tensor
    False
    """
    text = f"{notes}; {framework}; {flags}".casefold()
    overlap = _overlaps(text)
    return Hints(
        schedule=next((n for n, p in _SCHEDULES if re.search(p, text)), PIPELINE_1F1B),
        overlap_tensor=overlap["tensor"],
        overlap_data=overlap["data"],
        overlap_pipeline=overlap["pipeline"],
        overlap_expert=overlap["expert"],
        token_drop=_drops(text),
        balanced_router=True if re.search(r"force-?\s?balanc", text) else None,
        prediction_layer=_prediction(text),
        expert_tensor_parallel=_count(r"\b(?:etp|expert_tensor_parallel)\s*=?\s*(\d+)", text),
        micro_batches=_micro_batches(text),
        cuda_graph=_setting(r"cuda_?graphs?\s*=\s*(\w+)", text, "none"),
        dispatcher=_setting(r"moe_dispatcher\s*=\s*(\w+)", text, "alltoall")
        or _word(r"(\w+) dispatcher", text),
        offloaded_layers=_count(r"cpu_offloading_num_layers\s*=\s*(\d+)", text),
        optimizer=_word(r"\b(muon|adafactor|lion|sophia|shampoo|sgd)\b", text)
        or ("adam-8bit" if re.search(r"8-?bit adam|adam\w*[- ]?8-?bit", text) else None),
        pure_bf16=_pure(text),
        context_exchange=_context_exchange(text),
        node_bandwidth=_node_bandwidth(text),
        peak_allocated=_allocated(text),
        dense_layers=_count(r"first k dense layers\s*=\s*(\d+)|first_k_dense\w*\s*=\s*(\d+)", text),
        vocabulary=_vocabulary(text),
        learned_positions=True if "learned position" in text else None,
        packed=True if re.search(r"\bpacked\b|sequence packing", text) else None,
    )


def _overlaps(text: str) -> dict[str, bool | None]:
    told: dict[str, bool | None] = dict.fromkeys(_PARTS)
    for part in re.split(r"[;,]\s", text.replace("_", " ")):
        if "overlap" not in part:
            continue
        on = not re.search(_DISABLED, part)
        named = [kind for kind, pattern in _PARTS.items() if re.search(pattern, part)]
        whole = not on and not any(value is False for value in told.values())
        for kind in named or (list(_PARTS) if whole else []):
            told[kind] = on if told[kind] is None else told[kind]
    return told


def _drops(text: str) -> bool | None:
    if re.search(_DROPLESS, text):
        return False
    return True if re.search(_DROP, text) else None


def _prediction(text: str) -> bool | None:
    if re.search(r"w/o mtp|without (the )?mtp|no mtp", text):
        return False
    return True if re.search(r"\bmtp\b|multi-token prediction", text) else None


def _micro_batches(text: str) -> int | None:
    found = re.search(
        r"\b(?:grad(?:ient)?_?\s?accum\w*(?:_steps)?|ga|mbc|gas)\s*=\s*(\d+)\b(?!\s*\()", text
    )
    return int(found[1]) if found and int(found[1]) > 0 else None


def _pure(text: str) -> bool | None:
    if re.search(r"precision\s*=\s*pure|pure[- _]bf16", text):
        return True
    return False if re.search(r"precision\s*=\s*default", text) else None


def _context_exchange(text: str) -> str | None:
    if re.search(r"cp (all-?to-?all|a2a)|ulysses|context parallel\w* (all-?to-?all|a2a)", text):
        return "all-to-all"
    if re.search(r"ring[- ]?attention|cp (p2p|ring)", text):
        return "ring"
    return "all-gather" if re.search(r"cp all-?gather", text) else None


def _node_bandwidth(text: str) -> float | None:
    for part in re.split(r"[;(]", text):
        if not re.search(r"roce|infiniband|\bib\b|omni|ethernet|efa\b|per node|network", part):
            continue
        for pattern in _NODE_LINK:
            found = re.search(pattern, part)
            if found:
                number = int(found.groupdict().get("n") or 1)
                return number * int(found["g"]) * BYTES_PER_GIGABIT
    return None


def _allocated(text: str) -> float | None:
    found = re.search(r"peak allocated\s*(?:memory)?\s*([\d.]+)\s*(gib|gb)\b", text)
    if not found:
        return None
    return float(found[1]) * (GIBIBYTE if found[2] == "gib" else GIGABYTE)


def _vocabulary(text: str) -> float | None:
    found = re.search(
        r"(\d+(?:\.\d+)?)\s*k vocab\w*|vocab\w*\s*(?:of|size|=)?\s*~?(\d{4,6})\b", text
    )
    if not found:
        return None
    return float(found[1]) * 1000 if found[1] else float(found[2])


def _count(pattern: str, text: str) -> int | None:
    found = re.search(pattern, text)
    number = next((int(g) for g in found.groups() if g), 0) if found else 0
    return number or None


def _setting(pattern: str, text: str, without: str) -> str | None:
    """Return what a setting is set to, `without` where it is said to be none."""
    found = re.search(pattern, text)
    if not found:
        return None
    return without if found[1] in ("none", "null") else found[1]


def _word(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text)
    return found[1] if found and found[1] not in ("none", "null") else None
