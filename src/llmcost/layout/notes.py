"""What is legal and yet worth saying about a layout."""

from __future__ import annotations

from llmcost.catalog.architecture import Architecture
from llmcost.layout.record import Layout
from llmcost.layout.situation import Situation, situation


def notes(
    layout: Layout,
    architecture: Architecture,
    num_gpus: int,
    seq_length: int,
    scale_up_domain: int,
) -> tuple[str, ...]:
    """Return what is unusual about a legal layout, in sentences without a full stop.

    `seq_length` is in tokens; `scale_up_domain` is the GPUs joined by the fast links.
    """
    where = situation(architecture, num_gpus, seq_length, layout.global_batch_size)
    return (
        *_tensor_notes(layout, where, scale_up_domain),
        *_pipeline_notes(layout, where),
        *_group_notes(layout),
    )


def _tensor_notes(layout: Layout, where: Situation, domain: int) -> list[str]:
    tp, found = layout.tensor_parallel, []
    if tp > min(where.kv_heads):
        found.append(
            f"tp={tp} repeats the {min(where.kv_heads)} key-value heads {_copies(tp, where)}"
        )
    if tp > domain:
        found.append(f"tp={tp} reaches beyond the {domain} GPUs that the fast links join")
    return found


def _copies(tp: int, where: Situation) -> str:
    return f"{tp // min(where.kv_heads)} times"


def _pipeline_notes(layout: Layout, where: Situation) -> list[str]:
    pp, vp, zero, found = layout.pipeline_parallel, layout.virtual_stages, layout.zero_stage, []
    if pp > 1 and zero >= 2:
        what = "gradients" if zero == 2 else "weights and gradients"
        found.append(f"zero={zero} with pp={pp} moves {what} in every micro-batch")
    if pp * vp > where.layers:
        found.append(
            f"{pp * vp} chunks: the embedding and the output layer fill the place of layers"
        )
    elif pp > 1 and where.layers % pp:
        found.append(f"{where.layers} layers on pp={pp} stages: some hold one layer more")
    if vp > 1 and layout.micro_batches % pp:
        found.append(
            f"{layout.micro_batches:.0f} micro-batches do not fill whole rounds of pp={pp}"
        )
    if layout.micro_batches < pp:
        found.append(f"{layout.micro_batches:.0f} micro-batches leave some of pp={pp} stages idle")
    return found


def _group_notes(layout: Layout) -> list[str]:
    replicas, ep = layout.data_parallel * layout.context_parallel, layout.expert_parallel
    found = []
    if layout.zero_stage and replicas == 1:
        found.append(f"zero={layout.zero_stage} has one replica, and so nothing to shard over")
    if replicas % ep:
        found.append(
            f"ep={ep} spreads experts over the tensor-parallel groups, beyond dp x cp={replicas}"
        )
    return found
