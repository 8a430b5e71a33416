"""What must hold for every model and every legal layout, drawn at random."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from llmcost import engine
from llmcost.catalog.architecture import Architecture
from llmcost.enumeration import Limits, enumerate_layouts
from llmcost.errors import LayoutError
from llmcost.shapes import step_columns
from tests.step_columns import ideal_rates
from tests.strategies import architectures

MANY = Limits(
    max_tensor_parallel=32,
    min_context_tokens=64,
    expert_tensor_parallel=(1, 2),
    whole_rounds=False,
    schedules=("1f1b", "interleaved", "zero-bubble", "zero-bubble-v", "dualpipe"),
    shard_groups=(2, 4),
    recompute=("none", "selective", 0.5, "full"),
)
# What a faster part of the machine raises, and what it lowers.
RATES = (
    *("matmul_rate", "head_rate", "attention_rate", "memory_rate"),
    *("scale_up_rate", "network_rate", "expert_link_rate", "expert_network_rate"),
)
TIMES = (
    *("side_time", "expert_side_time", "kernel_time", "layer_time", "expert_layer_time"),
    *("scale_up_latency", "network_latency", "expert_latency", "step_overhead"),
)
SLACK = 1 + 1e-9
LAWS = settings(max_examples=40)


@dataclass(frozen=True)
class Case:
    """Legal layouts of a model on a cluster, on a device with some rates."""

    architecture: Architecture
    layouts: dict[str, np.ndarray]
    rates: dict[str, float]

    def times(self, layouts=None, **rated):
        """Parts of the step of every row, with other layouts or rates where given."""
        columns = {**step_columns(self.architecture), **self.rates, **rated}
        out = engine.step({**columns, **(layouts or self.layouts)})
        rows = len(self.layouts["data_parallel"])
        return {name: np.broadcast_to(value, rows) for name, value in out.items()}

    def step(self, layouts=None, **rated):
        return self.times(layouts, **rated)["step_time"]

    def memory(self, layouts=None):
        columns = {**step_columns(self.architecture), **(layouts or self.layouts)}
        return np.asarray(engine.memory(columns)["total"])

    def only(self, keep):
        """The case with the rows that `keep` holds for; drawn again where it holds for none."""
        assume(keep.any())
        rows = {name: column[keep] for name, column in self.layouts.items()}
        return Case(self.architecture, rows, self.rates)


@st.composite
def cases(draw):
    """A random model, a small cluster and up to 40 legal layouts, and a random device."""
    architecture = draw(architectures())
    gpus = draw(st.sampled_from([1, 2, 6, 8, 16, 32]))
    batch = draw(st.sampled_from([8, 12, 32, 96]))
    seq_length = draw(st.sampled_from([256, 1024, 4096]))
    try:
        found = enumerate_layouts(architecture, gpus, seq_length, batch, limits=MANY)
    except LayoutError:
        assume(False)
    count = len(found["data_parallel"])
    rows = draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=40))
    layouts = {name: column[rows] for name, column in found.items()}
    return Case(architecture, layouts, draw(devices()) | {"num_gpus": float(gpus)})


@st.composite
def devices(draw):
    """Rates over six orders of magnitude, and shares of exchanges that are seen or hidden."""
    rate = st.floats(7, 13).map(lambda power: 10**power)
    rates = {name: draw(rate) for name in RATES}
    shares = ("tensor_exposed", "context_exposed", "pipeline_exposed", "expert_exposed")
    shares += ("data_exposed", "shard_exposed", "context_hidden", "expert_hidden", "data_hidden")
    share = st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0])
    known = {name: draw(share) for name in shares}
    known["scale_up_domain"] = draw(st.sampled_from([1.0, 2.0, 4.0, 8.0, 72.0]))
    known["fused_attention"] = draw(st.sampled_from([0.0, 1.0]))
    known["attention_backward"] = draw(st.floats(2, 3))
    return ideal_rates(seconds=True) | rates | known


def fills_bubbles(case):
    """Rows whose bubble is filled with weight gradients, which exchanges may then not hide."""
    return case.layouts["schedule"] > 0


@given(cases(), st.sampled_from(RATES), st.floats(1, 100))
@LAWS
def test_a_faster_part_never_slows_a_step(case, name, factor):
    """Links and memory in every schedule; products where no bubble lives on them."""
    if name in ("matmul_rate", "attention_rate", "head_rate", "memory_rate"):
        case = case.only(~fills_bubbles(case))

    faster = case.step(**{name: case.rates[name] * factor})

    assert (faster <= case.step() * SLACK).all()


@given(cases(), st.sampled_from(TIMES), st.floats(0, 1))
@LAWS
def test_a_shorter_wait_never_slows_a_step(case, name, factor):
    case = case.only(~fills_bubbles(case))

    assert (case.step(**{name: case.rates[name] * factor}) <= case.step() * SLACK).all()


@given(cases(), st.floats(0.01, 100))
@LAWS
def test_a_machine_faster_in_everything_is_faster_by_that(case, factor):
    """Every rate times k and every fixed time over k: the step over k, and so each part."""
    scaled = {name: case.rates[name] * factor for name in RATES}
    scaled |= {name: case.rates[name] / factor for name in TIMES}

    usual, other = case.times(), case.times(**scaled)

    for name, value in usual.items():
        assert other[name] * factor == pytest.approx(
            value, rel=1e-9, abs=1e-9 * max(usual["step_time"])
        )


@given(cases())
@LAWS
def test_parts_are_never_negative_and_add_up(case):
    times = case.times()
    total = sum(times[name] for name in engine.STEP_PARTS)

    assert total == pytest.approx(times["step_time"], rel=1e-12)
    assert np.isfinite(times["step_time"]).all()
    for name in engine.STEP_PARTS:
        assert (times[name] >= -1e-12 * times["step_time"]).all(), name


@given(cases())
@LAWS
def test_what_a_layout_does_not_do_takes_no_time(case):
    times, c = case.times(), case.layouts
    alone = {
        "tensor_parallel_time": c["tensor_parallel"] == 1,
        "context_parallel_time": c["context_parallel"] == 1,
        "pipeline_parallel_time": c["pipeline_parallel"] == 1,
        "bubble_time": c["pipeline_parallel"] == 1,
        "imbalance_time": c["pipeline_parallel"] == 1,
        "recompute_time": c["recompute_full"] + c["recompute_selective"] == 0,
        "data_parallel_time": c["data_parallel"] * c["context_parallel"] * c["tensor_parallel"]
        == 1,
    }
    dense = not any(group.mlp.experts for group in case.architecture.groups)
    alone["expert_parallel_time"] = (c["expert_parallel"] == 1) | dense

    for name, rows in alone.items():
        assert (times[name][rows] == 0).all(), name


@given(cases())
@LAWS
def test_infinite_links_expose_nothing(case):
    links = dict.fromkeys(
        ("scale_up_rate", "network_rate", "expert_link_rate", "expert_network_rate"), np.inf
    )
    waits = dict.fromkeys(("scale_up_latency", "network_latency", "expert_latency"), 0.0)

    times = case.times(**links, **waits)

    for name in engine.STEP_PARTS:
        if "parallel" in name:
            assert (times[name] == 0).all(), name


@given(cases())
@LAWS
def test_recomputation_costs_time_and_saves_memory(case):
    """Selective below full: more time, less memory, of the same layout."""
    none = {"recompute_selective": 0.0, "recompute_full": 0.0}
    selective, full = none | {"recompute_selective": 1.0}, none | {"recompute_full": 1.0}
    rows = [{**case.layouts, **kind} for kind in (none, selective, full)]

    times = [case.step(layouts) for layouts in rows]
    held = [np.broadcast_to(case.memory(layouts), times[0].shape) for layouts in rows]

    assert (times[1] >= times[0] / SLACK).all()
    assert (times[2] >= times[0] / SLACK).all()
    assert (held[1] <= held[0] * SLACK).all()
    assert (held[2] <= held[0] * SLACK).all()


@given(cases(), st.floats(1e9, 1e12), st.floats(1, 10))
@LAWS
def test_more_memory_never_unfits(case, memory, factor):
    total = case.memory()

    assert (engine.fits(total, memory * factor) | ~engine.fits(total, memory)).all()


@given(cases())
@LAWS
def test_twice_the_batch_takes_longer_and_at_most_twice_as_long(case):
    """Twice the micro-batches: the work doubles, while filling, exchange and update do not."""
    case = case.only(case.layouts["schedule"] < 3)
    twice = {**case.layouts, "global_batch_size": 2 * case.layouts["global_batch_size"]}

    once, both = case.times(), case.times(twice)

    assert (both["step_time"] >= once["step_time"] / SLACK).all()
    assert (both["step_time"] <= 2 * once["step_time"] * SLACK).all()
    assert both["matmul_time"] == pytest.approx(2 * once["matmul_time"], rel=1e-12)


@given(cases())
@LAWS
def test_a_row_alone_is_the_row_among_others(case):
    """Times and bytes do not depend on what else is in the batch, nor on numbers for arrays."""
    many, held = case.times(), case.memory()
    for row in range(len(held)):
        alone = {name: column[row : row + 1] for name, column in case.layouts.items()}
        plain = {name: float(column[row]) for name, column in case.layouts.items()}
        columns = {**step_columns(case.architecture), **case.rates}
        for layout in (alone, plain):
            times = engine.step({**columns, **layout})
            for name, value in times.items():
                assert np.squeeze(value) == pytest.approx(many[name][row], rel=1e-12, abs=1e-300)
        assert np.squeeze(case.memory(plain)) == pytest.approx(held[row], rel=1e-12)


@given(cases())
@LAWS
def test_zero_bubble_is_below_one_forward_one_backward(case):
    """Weight gradients fill what stages would wait: H2 below H1 below 1F1B, of the same layout."""
    case = case.only(case.layouts["virtual_stages"] == 1)
    plain, h1, h2 = (
        case.times({**case.layouts, "schedule": np.full_like(case.layouts["schedule"], code)})
        for code in (0.0, 1.0, 2.0)
    )

    slack = 1e-9 * plain["step_time"]
    assert (h1["bubble_time"] <= plain["bubble_time"] + slack).all()
    assert (h2["bubble_time"] <= h1["bubble_time"] + slack).all()


@given(cases(), st.integers(2, 4))
@LAWS
def test_interleaving_in_whole_rounds_is_below_one_forward_one_backward(case, depth):
    """A v-th of the bubble, where micro-batches come in multiples of the stages."""
    rounds = case.layouts["global_batch_size"] / (
        case.layouts["data_parallel"] * case.layouts["micro_batch_size"]
    )
    plain_rows = (case.layouts["virtual_stages"] == 1) & (case.layouts["schedule"] == 0)
    case = case.only(plain_rows & (rounds % case.layouts["pipeline_parallel"] == 0))
    deep = {**case.layouts, "virtual_stages": np.full_like(case.layouts["schedule"], depth)}

    assert case.times(deep)["bubble_time"] == pytest.approx(
        case.times()["bubble_time"] / depth, rel=1e-12
    )
