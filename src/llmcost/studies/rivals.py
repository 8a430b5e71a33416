"""Layouts beside the best: the obvious ones and why they lose, and the fewest GPUs that do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import gcd, inf
from typing import Any

from llmcost.catalog.architecture import Architecture
from llmcost.counting import count
from llmcost.engine.memory import USABLE_SHARE
from llmcost.enumeration import Limits
from llmcost.errors import LayoutError
from llmcost.layout import Layout, PartialLayout, layout_text, situation
from llmcost.machine import Machine
from llmcost.studies.searching import Candidate, Search, search_layouts, usual_limits
from llmcost.studies.stepping import memory_recipe

# A layout this near to the best is as good.
ALIKE = 0.01
MOST_GPUS = 2**20
NODE = 8
PART_WORDS = {
    "matmul_time": "less efficient matrix products",
    "attention_time": "attention",
    "memory_bound_time": "memory-bound work",
    "launch_time": "launching kernels",
    "tensor_parallel_time": "exposed tensor-parallel communication",
    "context_parallel_time": "exposed context-parallel communication",
    "expert_parallel_time": "exposed expert-parallel communication",
    "recompute_time": "recomputation",
    "head_time": "the output layer",
    "imbalance_time": "uneven stages",
    "bubble_time": "the pipeline bubble",
    "pipeline_parallel_time": "exposed pipeline transfers",
    "data_parallel_time": "exposed data-parallel communication",
    "optimizer_time": "the optimizer",
    "straggler_time": "waiting for stragglers",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a model on a machine, how many [GPU], sequence length [token], batch."""

    architecture: Architecture
    machine: Machine
    num_gpus: int
    seq_length: int
    global_batch_size: int

    def search(
        self, partial: PartialLayout | None, limits: Limits | None = None, best: int = 1
    ) -> Search:
        """Return the best layouts; raises LayoutError where none is legal."""
        return search_layouts(
            self.architecture,
            self.machine,
            self.num_gpus,
            self.seq_length,
            self.global_batch_size,
            partial,
            limits,
            best,
        )


@dataclass(frozen=True, slots=True)
class Rival:
    """A layout that people think of first, its best form, and what is wrong with it.

    `candidate` is `None` where no form of it is legal.
    """

    name: str
    parts: PartialLayout
    candidate: Candidate | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Fewest:
    """The fewest accelerators that hold the model, and its best layout there."""

    num_gpus: int
    candidate: Candidate


def rivals(question: Question, best: Candidate) -> tuple[Rival, ...]:
    """Return the obvious layouts that lose against the best one, each with the reason."""
    found = []
    for name, parts in _obvious(question, best.layout):
        one = _rival(question, best, name, parts)
        if one is not None:
            found.append(one)
    return tuple(found)


def fewest(question: Question, partial: PartialLayout | None = None) -> Fewest | None:
    """Return the fewest accelerators on which the model fits, `None` where no number will do.

    Tried are powers of two, then between the last that is too few and the first that is enough
    seven numbers more, whole nodes where these are larger. The batch stays as it is.
    """
    fixed = replace(partial or PartialLayout(), data_parallel=None, shard_group=None)
    size = 1
    while size < _least_gpus(question):
        size *= 2
    while size <= MOST_GPUS:
        found = _at(question, fixed, size)
        if found is not None:
            return next(_between(question, fixed, size // 2, size), found)
        size *= 2
    return None


def relaxed(question: Question, partial: PartialLayout) -> tuple[tuple[str, Candidate], ...]:
    """Return what fits when one given part of a layout is left free, by the part's name."""
    found = []
    for name in partial.given():
        if name == "global_batch_size":
            continue
        freed = replace(partial, **{name: None})
        candidate = _best(question, freed)
        if candidate is not None:
            found.append((name, candidate))
    return tuple(found)


def slowest_part(candidate: Candidate, best: Candidate) -> tuple[str, float]:
    """Return the part of a step that a layout loses most by, and its share of its own step."""
    lost = {name: time - best.parts[name] for name, time in candidate.parts.items()}
    name = max(lost, key=lambda each: lost[each])
    return name, candidate.parts[name] / candidate.step_time


def _least_gpus(question: Question) -> float:
    """Return the accelerators whose memory holds weights, gradients and states once, no more."""
    each = memory_recipe(question.machine)
    states = each["weight_bytes"] + each["gradient_bytes"] + each["optimizer_bytes"]
    memory = question.machine.accelerator.memory or inf
    return count(question.architecture).parameters * states / (memory * USABLE_SHARE)


def _between(question: Question, fixed: PartialLayout, few: int, enough: int) -> Iterator[Fewest]:
    step = max(NODE, few // 8)
    for size in range(few + step, enough, step):
        found = _at(question, fixed, size)
        if found is not None:
            yield found


def _at(question: Question, fixed: PartialLayout, size: int) -> Fewest | None:
    candidate = _best(replace(question, num_gpus=size), fixed)
    return None if candidate is None else Fewest(size, candidate)


def _best(question: Question, partial: PartialLayout) -> Candidate | None:
    try:
        found = question.search(partial)
    except LayoutError:
        return None
    return found.best[0] if found.best else None


def _obvious(question: Question, best: Layout) -> Iterator[tuple[str, PartialLayout]]:
    """Yield what a person would try first, by a name, but for the best layout itself."""
    node = _widest_tensor(question)
    one: dict[str, Any] = {"tensor_parallel": 1, "pipeline_parallel": 1, "context_parallel": 1}
    yield "sharded data parallel alone (ZeRO-3)", PartialLayout(**one, zero_stage=3)
    if node > 1:
        split = one | {"tensor_parallel": node}
        yield f"tensor parallel {node} alone, no pipeline", PartialLayout(**split, zero_stage=1)
        yield f"tensor parallel {node} with ZeRO-3", PartialLayout(**split, zero_stage=3)
    if best.virtual_stages > 1:
        yield "the same, not interleaved", _like(best, virtual_stages=1, schedule="1f1b")
    if best.recompute == "none":
        yield "the same, all recomputed", _like(best, recompute="full", micro_batch_size=None)
    else:
        yield "the same, nothing recomputed", _like(best, recompute="none")
    if best.expert_parallel > 1:
        yield "the same, without expert parallelism", _like(best, expert_parallel=1)
    deep = PartialLayout(tensor_parallel=1, context_parallel=1, virtual_stages=1, schedule="1f1b")
    yield "pipeline parallel alone, not interleaved", deep


def _widest_tensor(question: Question) -> int:
    """Return the tensor parallel degree that fills a node, as far as heads and GPUs divide."""
    most = usual_limits(question.machine, question.num_gpus).max_tensor_parallel
    heads = situation(
        question.architecture, question.num_gpus, question.seq_length, question.global_batch_size
    ).common_heads
    divides = gcd(heads, question.num_gpus)
    return max(tp for tp in (1, 2, 4, NODE) if tp <= most and divides % tp == 0)


def _like(layout: Layout, **changed: Any) -> PartialLayout:  # noqa: ANN401
    """Return the degrees of a layout with some changed; sharding and recomputation are free."""
    names = ("tensor_parallel", "pipeline_parallel", "context_parallel", "data_parallel")
    more = ("virtual_stages", "expert_parallel", "micro_batch_size")
    parts = {name: getattr(layout, name) for name in (*names, *more)}
    return PartialLayout(**parts | changed)


def _rival(question: Question, best: Candidate, name: str, parts: PartialLayout) -> Rival | None:
    """Return a rival with its verdict, `None` for one that is the best layout or as good."""
    limits = usual_limits(question.machine, question.num_gpus)
    wide = replace(limits, max_pipeline_parallel=None, max_micro_batch_size=8)
    if parts.pipeline_parallel is None:
        wide = replace(wide, zero_stages=(0, 1))
    try:
        found = question.search(parts, wide)
    except LayoutError as error:
        return Rival(name, parts, None, f"not legal: {_first_sentence(str(error))}")
    if not found.best:
        tight = found.tightest
        short = -tight.headroom if tight is not None else 0.0
        return Rival(name, parts, tight, f"does not fit by {short / 1e9:,.3g} GB")
    candidate = found.best[0]
    if candidate.step_time <= best.step_time * (1.0 + ALIKE):
        return None
    return Rival(name, parts, candidate, _why_slower(candidate, best))


def _why_slower(candidate: Candidate, best: Candidate) -> str:
    ratio = candidate.step_time / best.step_time
    part, share = slowest_part(candidate, best)
    slower = f"{ratio:.1f}x slower" if ratio >= 1.5 else f"{ratio - 1:.0%} slower"
    return f"{slower}: {PART_WORDS[part]}, {share:.0%} of its step"


def _first_sentence(text: str) -> str:
    """Return a message up to what would be needed instead."""
    return text.partition("; needs")[0].partition(". ")[0].rstrip(".")


def words(layout: Layout) -> str:
    """Return a layout in short names, apart by spaces; what is 1, off or follows is left out."""
    usual: dict[str, Any] = {
        "virtual_stages": 1,
        "context_parallel": 1,
        "expert_parallel": 1,
        "expert_tensor_parallel": 1,
        "zero_stage": 0,
        "shard_group": layout.data_parallel * layout.context_parallel,
        "sequence_parallel": layout.tensor_parallel > 1,
        "recompute": "none",
        "schedule": "interleaved" if layout.virtual_stages > 1 else "1f1b",
        "global_batch_size": layout.global_batch_size,
    }
    free = {name: None for name, value in usual.items() if getattr(layout, name) == value}
    parts = {name: getattr(layout, name) for name in Layout.__slots__} | free
    return layout_text(PartialLayout(**parts)).replace(",", " ")
