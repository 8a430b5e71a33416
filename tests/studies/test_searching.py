"""The search for layouts, against nested loops over layouts evaluated one by one."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from llmcost import engine
from llmcost.catalog.architecture import architecture_from_config
from llmcost.catalog.gpus import accelerator
from llmcost.catalog.models import model
from llmcost.enumeration import Limits, enumerate_layouts
from llmcost.errors import InputError, LayoutError
from llmcost.layout import Layout, check, read_layout
from llmcost.machine import FAMILIES, Machine, Software
from llmcost.studies.searching import (
    TIE,
    folded,
    narrowed,
    one_layout,
    search_layouts,
    usual_limits,
)
from llmcost.studies.stepping import step_inputs

ARITHMETIC = 1e-12
SMALL = architecture_from_config(
    {
        "model_type": "llama",
        "hidden_size": 2048,
        "intermediate_size": 6144,
        "num_hidden_layers": 6,
        "num_attention_heads": 16,
        "num_key_value_heads": 4,
    }
)[0]
MIXTURE = architecture_from_config(
    {
        "model_type": "mixtral",
        "hidden_size": 1024,
        "intermediate_size": 2048,
        "num_hidden_layers": 4,
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
        "num_local_experts": 4,
        "num_experts_per_tok": 2,
    }
)[0]
LLAMA_405B = architecture_from_config(model("llama-3.1-405b").config)[0]
H100 = Machine(accelerator("h100-sxm"), "bf16")
EVERYTHING = Limits(
    max_tensor_parallel=64,
    max_micro_batch_size=10**6,
    min_context_tokens=1,
    context_powers_of_two=False,
    whole_rounds=False,
    distinct_depths=False,
    zero_stages=(0, 1, 3),
    recompute=("none", "full"),
)


def by_hand(architecture, machine, num_gpus, seq_length, batch):
    """Return every legal layout evaluated alone, found by nested loops."""
    degrees = [n for n in range(1, num_gpus + 1) if num_gpus % n == 0]
    found = []
    sizes = [n for n in range(1, batch + 1) if batch % n == 0]
    loops = product(
        degrees, degrees, degrees, range(1, 9), (1, 2, 4), sizes, (0, 1, 3), ("none", "full")
    )
    for tp, pp, cp, vp, ep, mbs, zero, recompute in loops:
        dp = num_gpus // (tp * pp * cp) or 1
        if dp * cp == 1 and zero:
            continue
        layout = Layout(
            tensor_parallel=tp,
            pipeline_parallel=pp,
            virtual_stages=vp,
            data_parallel=dp,
            context_parallel=cp,
            expert_parallel=ep,
            micro_batch_size=mbs,
            global_batch_size=batch,
            zero_stage=zero,
            sequence_parallel=tp > 1,
            recompute=recompute,
        )
        try:
            check(layout, architecture, num_gpus, seq_length)
        except LayoutError:
            continue
        found.append(one_layout(architecture, machine, num_gpus, seq_length, layout))
    return found


@pytest.mark.parametrize(
    ("architecture", "num_gpus", "batch", "memory"),
    [(SMALL, 4, 4, 5e9), (SMALL, 6, 6, 5e9), (MIXTURE, 4, 2, 3e9)],
)
def test_search_finds_what_nested_loops_find(architecture, num_gpus, batch, memory):
    """With so little memory that some layouts fit and others do not."""
    scarce = Machine(replace(accelerator("h100-sxm"), memory=memory), "bf16")
    every = by_hand(architecture, scarce, num_gpus, 4096, batch)
    fitting = [one for one in every if one.fits]
    fastest = min(one.step_time for one in fitting)

    found = search_layouts(architecture, scarce, num_gpus, 4096, batch, limits=EVERYTHING, best=5)

    assert 0 < len(fitting) < len(every)
    assert (found.space, found.fitting) == (len(every), len(fitting))
    assert fastest <= found.best[0].step_time <= fastest * (1 + TIE)
    for one in found.best:
        alone = next(each for each in fitting if each.layout == one.layout)
        assert one.step_time == pytest.approx(alone.step_time, rel=ARITHMETIC)
        assert one.memory == pytest.approx(alone.memory, rel=ARITHMETIC)


def test_where_nothing_fits_the_tightest_layout_of_all_is_told():
    machine = Machine(replace(accelerator("h100-sxm"), memory=2e9), "bf16")
    every = by_hand(SMALL, machine, 2, 4096, 2)

    found = search_layouts(SMALL, machine, 2, 4096, 2, limits=EVERYTHING)

    assert (found.best, found.fitting) == ((), 0)
    assert found.tightest.total_memory == pytest.approx(
        min(one.total_memory for one in every), rel=ARITHMETIC
    )
    assert found.tightest.headroom < 0
    assert not found.tightest.fits


@pytest.mark.parametrize("architecture", [SMALL, MIXTURE])
@pytest.mark.parametrize("fold", [True, False])
def test_a_row_of_a_big_call_equals_the_row_alone(architecture, fold):
    space = enumerate_layouts(architecture, 16, 4096, 32, limits=Limits(shard_groups=(4,)))
    layouts = folded(space, 3) if fold else space
    whole = narrowed(step_inputs(architecture, H100, layouts, 16))
    rows = np.random.default_rng(7).integers(0, space["data_parallel"].size, 40)
    for answer in (engine.step, engine.memory):
        together = {name: at_row(value, space, fold) for name, value in answer(whole).items()}
        for row in rows:
            one = {name: column[row : row + 1] for name, column in space.items()}
            alone = answer(step_inputs(architecture, H100, one, 16))
            for name, value in alone.items():
                assert together[name][row] == pytest.approx(
                    np.ravel(value)[0], rel=ARITHMETIC, abs=1e-15
                ), name


def at_row(value, space, fold):
    """Return an answer of the engine with one entry a row of the space."""
    size = space["data_parallel"].size
    if not fold:
        return np.broadcast_to(value, (size,))
    return np.broadcast_to(value, (3, size // 3)).T.ravel()


def test_what_does_not_fit_is_never_among_the_best_and_the_fastest_come_first():
    found = search_layouts(LLAMA_405B, H100, 4096, 8192, 1024, best=50)

    times = [one.step_time for one in found.best]
    assert len(times) > 10
    assert times == sorted(times)
    assert all(one.fits and one.headroom >= 0 for one in found.best)


def test_parts_add_up_to_the_step_and_to_the_memory():
    best = search_layouts(LLAMA_405B, H100, 16384, 8192, 2048).best[0]

    assert sum(best.parts.values()) == pytest.approx(best.step_time, rel=ARITHMETIC)
    assert sum(best.memory.values()) == pytest.approx(best.total_memory, rel=ARITHMETIC)


def test_mfu_is_that_of_tokens_and_causal_flop():
    """6 x the matrix weights and 6 x 126 layers x 128 heads x 128 x half of 8,192, by hand."""
    best = search_layouts(LLAMA_405B, H100, 16384, 8192, 2048).best[0]
    weights = 405_853_388_800 - 128_256 * 16384 - (126 * 2 + 1) * 16384
    flop = 6 * weights + 6 * 126 * 2 * 128 * 128 * 8192 / 2

    rate = 2048 * 8192 / best.step_time
    assert best.tokens_per_second == pytest.approx(rate, rel=ARITHMETIC)
    assert best.mfu == pytest.approx(rate * flop / (16384 * 989.4e12), rel=1e-4)


def test_the_published_uneven_interleaved_layout_of_405b_is_reached():
    """126 layers on 16 stages of 8 chunks; Llama Team 2024, table 4: no recomputation, 80 GB."""
    partial = read_layout("tp=8,pp=16,vp=8,dp=128,cp=1,mbs=1,recompute=none")

    found = search_layouts(LLAMA_405B, H100, 16384, 8192, 2048, partial)

    assert len(found.best) == 1
    assert found.best[0].layout.schedule == "interleaved"


def test_each_family_runs_its_own_layouts():
    for family in FAMILIES:
        machine = Machine(accelerator("h100-sxm"), "bf16", Software(family=family))
        for one in search_layouts(SMALL, machine, 64, 8192, 64, best=100).best:
            if family in ("fsdp", "xla"):
                assert (one.layout.pipeline_parallel, one.layout.zero_stage) == (1, 3)
            if family == "megatron":
                assert one.layout.zero_stage < 3


def test_what_is_given_is_kept_though_the_family_does_not_run_it():
    machine = Machine(accelerator("h100-sxm"), "bf16", Software(family="fsdp"))
    found = search_layouts(SMALL, machine, 64, 8192, 64, read_layout("pp=2,zero=1"))

    assert {one.layout.pipeline_parallel for one in found.best} == {2}
    assert {one.layout.zero_stage for one in found.best} == {1}


def test_sharding_groups_of_fsdp_are_doublings_of_the_domain():
    machine = Machine(accelerator("h100-sxm"), "bf16", Software(family="fsdp"))

    assert usual_limits(machine, 64).shard_groups == (8, 16, 32)


def test_unknown_frameworks_and_impossible_layouts_are_refused():
    machine = Machine(accelerator("h100-sxm"), "bf16", Software(family="jax"))
    with pytest.raises(InputError, match="framework: got jax"):
        usual_limits(machine, 8)
    with pytest.raises(LayoutError, match="heads"):
        search_layouts(SMALL, H100, 24, 8192, 24, read_layout("tp=3,dp=8"))
    with pytest.raises(LayoutError, match="GPUs"):
        one_layout(SMALL, H100, 8, 8192, Layout(data_parallel=4, global_batch_size=8))
