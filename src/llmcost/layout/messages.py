"""What each rule says when a layout breaks it: what, got, needed, and the nearest legal value."""

from __future__ import annotations

from collections.abc import Iterable
from math import gcd, lcm, prod

from llmcost.errors import one_of
from llmcost.layout.nearby import around, divisors, nearest_divisors
from llmcost.layout.record import Layout, PartialLayout
from llmcost.layout.situation import Situation


def _try(key: str, values: Iterable[int]) -> str:
    """Return ``Nearest legal: tp=8 or tp=16.``"""
    told = [f"{key}={value}" for value in values]
    return f" Nearest legal: {one_of(told)}." if told else ""


def _listed(values: tuple[int, ...], noun: str) -> str:
    return f"{one_of([str(value) for value in values])} {noun}"


def cluster(layout: Layout, where: Situation) -> str:
    """Say that the degrees do not multiply to the cluster."""
    tp, pp, cp = layout.tensor_parallel, layout.pipeline_parallel, layout.context_parallel
    return (
        f"tp={tp} x pp={pp} x cp={cp} x dp={layout.data_parallel} is {layout.devices} GPUs; needs "
        f"{where.num_gpus}, the cluster.{_try(*_filling(layout, where))}"
    )


def unfilled(given: PartialLayout, where: Situation, replicas: int | None) -> str:
    """Say that the given degrees do not multiply to the cluster, whatever the free ones are.

    `replicas` is the nearest legal data parallelism, None where that alone is not enough.
    """
    parts = {
        "tp": given.tensor_parallel,
        "pp": given.pipeline_parallel,
        "cp": given.context_parallel,
        "dp": given.data_parallel,
    }
    known = {key: value for key, value in parts.items() if value is not None}
    product = " x ".join(f"{key}={value}" for key, value in known.items())
    *front, last = [key for key in parts if key not in known] or [""]
    free = f" ({', '.join(front)} and {last} free)" if front else f" ({last} free)" if last else ""
    needed = f"{where.num_gpus}, the cluster{', or a divisor of it' if free else ''}"
    return (
        f"{product}{free} is {prod(known.values())} GPUs; needs {needed}."
        f"{_try('dp', [replicas] if replicas else [])}"
    )


def _filling(layout: Layout, where: Situation) -> tuple[str, tuple[int, ...]]:
    """Return the degree to change, and its nearest values for which a whole dp fills the rest."""
    degrees = {
        "pp": layout.pipeline_parallel,
        "cp": layout.context_parallel,
        "tp": layout.tensor_parallel,
    }
    replica = layout.tensor_parallel * layout.pipeline_parallel * layout.context_parallel
    if where.num_gpus % replica == 0:
        return "dp", (where.num_gpus // replica,)
    for key, degree in degrees.items():
        if where.num_gpus % (replica // degree) == 0:
            most = {"pp": where.layers, "tp": where.common_heads}.get(key, where.num_gpus)
            room = divisors(where.num_gpus // (replica // degree))
            return key, around((value for value in room if value <= most), degree)
    return "dp", ()


def heads(layout: Layout, where: Situation) -> str:
    """Say that tensor parallelism does not divide the heads."""
    tp = layout.tensor_parallel
    return (
        f"tp={tp} does not divide the {_listed(where.heads, 'attention heads')} of the model; "
        f"needs a divisor.{_try('tp', _tensor_degrees(layout, where))}"
    )


def _tensor_degrees(layout: Layout, where: Situation) -> tuple[int, ...]:
    both = gcd(where.common_heads, where.common_width)
    fits = [
        tp for tp in divisors(both) if all(kv % tp == 0 or tp % kv == 0 for kv in where.kv_heads)
    ]
    return around(fits, layout.tensor_parallel)


def kv_heads(layout: Layout, where: Situation) -> str:
    """Say that tensor parallelism neither splits nor repeats the key-value heads."""
    return (
        f"tp={layout.tensor_parallel} neither divides the "
        f"{_listed(where.kv_heads, 'key-value heads')} of the model nor is a multiple of them; "
        f"needs one of both.{_try('tp', _tensor_degrees(layout, where))}"
    )


def widths(layout: Layout, where: Situation) -> str:
    """Say that tensor parallelism does not divide the inner width of an MLP."""
    tp = layout.tensor_parallel
    return (
        f"tp={tp} does not divide the MLP width of the model ({one_of(map(str, where.widths))}); "
        f"needs a divisor.{_try('tp', _tensor_degrees(layout, where))}"
    )


def stages(layout: Layout, where: Situation) -> str:
    """Say that there are more pipeline stages than layers."""
    room = divisors(layout.pipeline_parallel * layout.data_parallel)
    fits = [pp for pp in room if pp <= where.layers][-1:]
    return (
        f"pp={layout.pipeline_parallel} is more stages than the model's {where.layers} layers; "
        f"needs at most {where.layers}.{_try('pp', fits)}"
    )


def interleaving(layout: Layout, _: Situation) -> str:
    """Say that there is no pipeline to interleave."""
    return (
        f"vp={layout.virtual_stages} interleaves a pipeline, and pp=1 is none; needs pp of 2 or "
        "more. Nearest legal: vp=1."
    )


def chunks(layout: Layout, where: Situation) -> str:
    """Say that there are more chunks than layers."""
    pp, vp = layout.pipeline_parallel, layout.virtual_stages
    most = max(1, (where.layers + 2) // pp)
    return (
        f"pp={pp} x vp={vp} is {pp * vp} chunks; needs at most {where.layers + 2}: the model's "
        f"{where.layers} layers, its embedding and its output layer.{_try('vp', [most])}"
    )


def schedule_of_one_stage(layout: Layout, _: Situation) -> str:
    """Say that a pipeline schedule has no pipeline."""
    return (
        f"schedule={layout.schedule} orders the stages of a pipeline, and pp=1 is none; needs pp "
        "of 2 or more. Nearest legal: schedule=1f1b."
    )


def schedule_and_chunks(layout: Layout, _: Situation) -> str:
    """Say that a schedule places its own chunks."""
    return (
        f"schedule={layout.schedule} places its own chunks on the stages and got vp="
        f"{layout.virtual_stages}; needs vp=1. To interleave by vp, write schedule=interleaved."
    )


def chunks_of_a_v(layout: Layout, where: Situation) -> str:
    """Say that the model has too few layers for two chunks a stage."""
    pp = layout.pipeline_parallel
    most = [value for value in divisors(pp * layout.data_parallel) if 2 * value <= where.layers + 2]
    return (
        f"schedule=zero-bubble-v puts two chunks on each of pp={pp} stages; needs at most "
        f"{where.layers + 2} chunks: {where.layers} layers, the embedding and the output layer."
        f"{_try('pp', most[-1:])}"
    )


def batch(layout: Layout, where: Situation) -> str:
    """Say that two global batches were given."""
    return (
        f"The layout's gbs={layout.global_batch_size} and the global batch of "
        f"{where.global_batch_size} sequences differ; needs one. Give it once."
    )


def batch_and_replicas(layout: Layout, where: Situation) -> str:
    """Say that the batch is smaller than the replicas, or no multiple of what they take."""
    dp, mbs, gbs = layout.data_parallel, layout.micro_batch_size, where.global_batch_size
    step = dp * mbs
    if gbs < dp:
        what = f"The global batch of {gbs} sequences is smaller than the dp={dp} replicas; needs"
    else:
        what = (
            f"The global batch of {gbs} sequences does not divide over dp={dp} x mbs={mbs}; needs"
        )
    near = [value for value in (gbs // step * step, gbs // step * step + step) if value]
    fits = around(divisors(gbs // dp), mbs) if gbs % dp == 0 else ()
    other = f" With this batch: {one_of([f'mbs={value}' for value in fits])}." if fits else ""
    return f"{what} a multiple of {step}.{_try('gbs', near)}{other}"


def dualpipe(layout: Layout, where: Situation) -> str:
    """Say that DualPipe needs even stages and micro-batches."""
    pp, step = layout.pipeline_parallel, layout.data_parallel * layout.micro_batch_size
    count = where.global_batch_size // step
    if pp % 2:
        return (
            f"schedule=dualpipe feeds a pipeline from both ends and got pp={pp}; needs an even "
            f"number of stages.{_try('pp', [value for value in (pp - 1, pp + 1) if value > 1])}"
        )
    near = [value * step for value in (count - 1, count + 1) if value > 0]
    return (
        f"schedule=dualpipe feeds a pipeline from both ends and got {count} micro-batches a "
        f"replica; needs an even number.{_try('gbs', near)}"
    )


def dense_model(layout: Layout, _: Situation) -> str:
    """Say that a dense model has no experts to spread."""
    return (
        f"ep={layout.expert_parallel} and etp={layout.expert_tensor_parallel} split experts, and "
        "the model has none; needs 1 for both. Nearest legal: ep=1,etp=1."
    )


def experts(layout: Layout, where: Situation) -> str:
    """Say that expert parallelism does not divide the experts."""
    near = nearest_divisors(where.common_experts, layout.expert_parallel)
    return (
        f"ep={layout.expert_parallel} does not divide the {_listed(where.experts, 'experts')} of "
        f"the model; needs a divisor.{_try('ep', near)}"
    )


def expert_widths(layout: Layout, where: Situation) -> str:
    """Say that expert tensor parallelism does not divide the width of an expert."""
    etp = layout.expert_tensor_parallel
    return (
        f"etp={etp} does not divide the width of an expert "
        f"({one_of(map(str, where.expert_widths))}); needs a divisor."
        f"{_try('etp', nearest_divisors(gcd(*where.expert_widths), etp))}"
    )


def expert_groups(layout: Layout, where: Situation) -> str:
    """Say that experts do not spread evenly over the devices of a stage."""
    stage = layout.tensor_parallel * layout.context_parallel * layout.data_parallel
    ep, etp = layout.expert_parallel, layout.expert_tensor_parallel
    fits = [n for n in divisors(where.common_experts) if stage % (n * etp) == 0]
    return (
        f"ep={ep} x etp={etp} does not divide the {stage} GPUs of a stage (tp x cp x dp); needs a "
        f"divisor.{_try('ep', around(fits, ep))}"
    )


def sequence(layout: Layout, where: Situation) -> str:
    """Say that the sequence does not split into two chunks a device of the context group."""
    cp = layout.context_parallel
    near = nearest_divisors(where.seq_length // 2, cp) if where.seq_length % 2 == 0 else (1,)
    return (
        f"A sequence of {where.seq_length} tokens does not split into 2 x cp={2 * cp} chunks; "
        f"needs a multiple of {2 * cp}.{_try('cp', near)}{_longer(where.seq_length, 2 * cp)}"
    )


def _longer(seq_length: int, step: int) -> str:
    near = [value for value in (seq_length // step * step, -(-seq_length // step) * step) if value]
    return f" Or a sequence of {one_of([str(value) for value in dict.fromkeys(near)])} tokens."


def sequence_parallel(layout: Layout, _: Situation) -> str:
    """Say that sequence parallelism has no tensor-parallel group."""
    return (
        f"sp=on shares the sequence within the tensor-parallel group, and tp="
        f"{layout.tensor_parallel} is none; needs tp of 2 or more. Nearest legal: sp=off."
    )


def sequence_shares(layout: Layout, where: Situation) -> str:
    """Say that the sequence does not split over the tensor-parallel group."""
    tp, cp = layout.tensor_parallel, layout.context_parallel
    step = lcm(cp * tp, 2 * cp) if cp > 1 else tp
    return (
        f"sp=on splits a sequence of {where.seq_length} tokens over cp={cp} x tp={tp} GPUs; needs "
        f"a multiple of {cp * tp}. Nearest legal: sp=off.{_longer(where.seq_length, step)}"
    )


def shards(layout: Layout, _: Situation) -> str:
    """Say that the shard group does not divide the replicas."""
    whole, shard = layout.data_parallel * layout.context_parallel, int(layout.shard_group or 1)
    return (
        f"shard={shard} does not divide the dp x cp={whole} GPUs that hold a copy; needs a "
        f"divisor.{_try('shard', nearest_divisors(whole, shard))}"
    )


def shards_of_nothing(layout: Layout, _: Situation) -> str:
    """Say that without ZeRO nothing is sharded."""
    whole = layout.data_parallel * layout.context_parallel
    return (
        f"shard={layout.shard_group} with zero=0 shards nothing; needs zero of 1 or more. Nearest "
        f"legal: zero=1, or shard={whole}."
    )
