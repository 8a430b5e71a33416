"""How the states of training are sharded, from the free text that says it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from llmcost.studies.validation.words import stated

_STAGES: tuple[tuple[int, str], ...] = (
    (2, r"zero\s?-?_?2|zero2|stage\s*-?_?2|shard_grad_op|not resharded|reshard\w*\s*=\s*false"),
    (
        2,
        r"p_os\s*\+\s*g(?!\s*\+\s*p)|sharded gradients?|gradient sharding|no reshard",
    ),
    (2, r"zero-?offload|\bsdp\b"),
    (3, r"zero\s?-?_?3|zero3|zero\s?-?inf|zero\+\+|stage\s*-?_?3|full_shard|hybrid_shard|gemini"),
    (3, r"\bdp_shard|fully?[- _]shard|\bhsdp|p_os\s*\+\s*g\s*\+\s*p|parameter sharding"),
    (1, r"zero\s?-?_?1|zero1|stage\s*-?_?1|dist\w*[ -_]?optim|optimizer[- ]?(state)?s? shard"),
    (
        1,
        r"shard\w* optimizer|\bp_os\b|\boss\b|\bdistopt|use_distributed_optimizer|optimizer_states",
    ),
    (3, r"fsdp"),
    (0, r"zero\s?-?_?0|zero0|stage\s*-?_?0|no_shard|\bddp\b|^none|^no\b|^off\b|replicat|unsharded"),
    (0, r"^data[- ]parallel\w*$|^dp$|^0$"),
)
_PLAIN = {"0": 0, "1": 1, "2": 2, "3": 3}
_HYBRID = (
    r"hsdp|hybrid|\b\d+ (?:pods|slices)|\+\s*dp\b|fsdp\)?\s*(\+|and|x)\s*(dp|ddp|data)|\bdp over"
    r"|\bdcn\b|replicas?\b|hpz|\bmics\b"
    r"|fsdp\W*\d+\W.*\bdp\W*\d|fsdp.*\bx\s*dp\b|dp_replicate"
)
_GROUP_SIZES = (
    r"(?:dp_)?shard(?:_degree|_size|_group)?\s*[=:]?\s*(\d+)",
    r"(?:fsdp|hsdp|hybrid|zero-?3|hpz|mics)\w*[ _:(=-]+(\d+)"
    r"(?!-?\d*\s*(?:gb|slices|pods|replicas|layers))\b",
    r"(\d+)\s*-?\s*way\s+(?:fsdp|shard|fully)",
    r"(?:within|inside|in groups of|groups of|over)\s+(\d+)\s*(?:gpus|devices|chips|tpus|ranks)",
    r"(?:shard(?:ed)?|fsdp)\s+(?:over|across|within|in)\s+(\d+)\b(?!\s*(?:nodes|slices|pods|hosts))",
)
_BETWEEN = r"within\s+(\d+)\s*(?:-|to|\u2013)\s*(\d+)\s*(?:gpus|devices|chips)"
_REPLICAS = (
    r"(?:dp|data parallel\w*|replicat\w*)\s+(?:over|across)\s+"
    r"(\d+)\s*(?:slices|pods|nodes|islands)",
    r"(\d+)\s*(?:slices|pods|islands)\b",
    r"replicat\w*[ _:(=-]*(\d+)",
    r"(?:\+|x|,)\s*dp\W*(\d+)",
    r"(\d+)\s*(?:-way)?\s*(?:replicas|data parallel replicas|x dp\b)",
)
_IN_NODE = (
    r"(within|inside|intra|per)[- ]?(?:a |each |the |one )?-?(node|host|vm|server|machine)"
    r"|hybrid_shard|node-local"
)
_MODEL_WAYS = r"(\d+)\s*-?\s*way\s+(?:model|tensor)"


@dataclass(frozen=True, slots=True)
class Sharding:
    """What a text says of sharding; `None` where it does not say.

    `stage` is that of ZeRO, 0 to 3. `hybrid` is true where a group shards and groups replicate;
    then `group` devices shard, `group_range` where only bounds are told, `replicas` groups exist,
    and `in_node` says that a group is a node. `tensor` is a tensor-parallel degree told here.
    """

    stage: int | None = None
    hybrid: bool = False
    group: int | None = None
    group_range: tuple[int, int] | None = None
    replicas: int | None = None
    in_node: bool = False
    tensor: int | None = None

    def group_of(self, data: int | None, tensor: int | None, node: int | None) -> int | None:
        """Return how many of `data` data-parallel devices shard together, where that is known.

        `tensor` is the tensor-parallel degree and `node` the accelerators in a node.
        """
        if self.group:
            told = self.group if self.hybrid or data else None
            return told if data is None or (data > self.group and data % self.group == 0) else None
        if not self.hybrid:
            return None
        return self._group_by_bounds(data, tensor, node)

    def _group_by_bounds(
        self, data: int | None, tensor: int | None, node: int | None
    ) -> int | None:
        if self.replicas and data and data % self.replicas == 0:
            return data // self.replicas
        if self.group_range and data and data <= self.group_range[0]:
            return data
        return max(1, node // tensor) if self.in_node and node and tensor else None


def read_sharding(cell: str, framework: str = "", notes: str = "") -> Sharding:
    """Return what the cell says; the framework's name and the notes say what the cell does not.

    >>> read_sharding("zero1 (distributed optimizer)").stage, read_sharding("").stage
    (1, None)
    >>> read_sharding("2D: 12-way model x 256-way FSDP per pod, 2 pods DP").group
    256
    """
    text = stated(cell).casefold()
    stage = _stage(text) if text else _stage_of_framework(framework.casefold())
    if stage != 3:
        return Sharding(stage, tensor=_first_number((_MODEL_WAYS,), text))
    extra = _about_sharding(notes.casefold())
    hybrid = bool(re.search(_HYBRID, text) or re.search(_IN_NODE, text)) or "fsdp" in extra
    between = re.search(_BETWEEN, f"{text}; {extra}")
    replicas = _first_number(_REPLICAS, text)
    sharded = replicas != 1 and hybrid
    return Sharding(
        stage=stage,
        hybrid=sharded,
        group=None if between or replicas == 1 else _first_number(_GROUP_SIZES, f"{text}; {extra}"),
        group_range=(int(between[1]), int(between[2])) if between and sharded else None,
        replicas=replicas if sharded else None,
        in_node=sharded and bool(re.search(_IN_NODE, f"{text}; {extra}")),
        tensor=_first_number((_MODEL_WAYS,), text),
    )


def _stage(text: str) -> int | None:
    """Return the stage that a text names; the version in FSDP2 is none."""
    if text in _PLAIN:
        return _PLAIN[text]
    bare = re.sub(r"fsdp\s?[12]\b", "fsdp", text)
    return next((stage for stage, pattern in _STAGES if re.search(pattern, bare)), None)


def _stage_of_framework(text: str) -> int | None:
    """Return the stage that a framework's name states; that it could shard says nothing."""
    named = re.search(r"zero\s?-?_?([0123])\b", text)
    if named:
        return int(named[1])
    return 3 if re.search(r"fsdp|\bhsdp", text) else 0 if re.search(r"\bddp\b", text) else None


def _about_sharding(notes: str) -> str:
    """Return the remarks that tell which devices shard together and which replicate."""
    told = r"fsdp.{0,30}(within|inside|\bdp\b)|dp over .{0,20}fsdp|hsdp|hybrid.?shard|dp_shard"
    return "; ".join(part for part in notes.split(";") if re.search(told, part))


def _first_number(patterns: tuple[str, ...], text: str) -> int | None:
    found = next((f for p in patterns if (f := re.search(p, text))), None)
    return int(found[1]) if found and int(found[1]) > 0 else None
