"""Predicted MFU from Python: phases, batches, spreads and anchors."""

import pytest

from llmcost import Estimate, InputError, LayoutError, UnitError, estimate, registry
from llmcost.layout import PartialLayout
from llmcost.studies.choices.layout import shareable
from llmcost.studies.wording import short_layout

RUN = {"model": "llama-3.1-8b", "tokens": "1T", "gpu": "h100-sxm", "num_gpus": 64, "draws": 400}
WHOLE = "tp=2,pp=1,dp=32,cp=1,mbs=1,gbs=512,zero=1,recompute=none"


def test_a_layout_record_is_a_layout():
    record = PartialLayout(tensor_parallel=2, context_parallel=2)

    assert estimate(**RUN, layout=record).step == estimate(**RUN, layout="tp=2,cp=2").step


def test_a_number_of_sequences_and_a_quantity_of_tokens():
    tokens = registry().Quantity(4_194_304, "token")
    some = [
        estimate(**RUN, global_batch_size=value).inputs["global_batch_size"].value
        for value in (512, tokens)
    ]

    assert some == [512, 512]
    with pytest.raises((InputError, UnitError), match="global_batch_size"):
        estimate(**RUN, global_batch_size=registry().Quantity(5, "hour"))


@pytest.mark.parametrize(
    ("gpus", "sequences"),
    [(64, 512), (4096, 512), (16_384, 2048), (96, 480), (1023, 1023)],
)
def test_the_batch_by_rule(gpus, sequences):
    """4,194,304 tokens, or 1,024 a device; a multiple of the odd factor of the devices."""
    found = estimate(**RUN | {"num_gpus": gpus}).inputs["global_batch_size"]

    assert found.value == sequences
    assert found.origin.kind == "default"


@pytest.mark.parametrize(
    ("wanted", "multiple", "expected"),
    [(2048.0, 1, 2048), (15_360.0, 1, 15_360), (2048.0, 125, 2000), (3.2, 1, 3), (0.3, 1, 1)],
)
def test_sequences_that_devices_can_share(wanted, multiple, expected):
    assert shareable(wanted, multiple) == expected


def test_a_batch_is_a_multiple_of_what_the_layout_shares_it_over():
    found = estimate(**RUN | {"num_gpus": 40}, layout="tp=1,dp=40,mbs=2,zero=1")

    assert found.inputs["global_batch_size"].value % 80 == 0


def test_a_published_batch_moves_to_one_that_the_devices_can_share():
    """100,000 is 2^5 x 5^5: with 126 layers, 8 tensor ranks and 2,048 sequences nothing divides."""
    found = estimate("llama-3.1-405b", tokens="1T", gpu="h100-sxm", num_gpus=100_000, draws=400)
    batch = found.inputs["global_batch_size"]

    assert found.inputs["mfu"].origin.kind == "modelled"
    assert batch.value % 5 == 0
    assert abs(batch.value / 2048 - 1) <= 0.1
    assert batch.origin.kind == "published"
    assert f"taken as {batch.value:,.0f} sequences" in batch.origin.source


def test_a_given_batch_that_no_layout_can_share_names_the_nearest():
    """8 x 4 leaves 16 of 512 devices for replicas and parts of a sequence of at least 1,024."""
    run = RUN | {"model": "llama-3.1-70b", "num_gpus": 512}
    with pytest.raises(LayoutError, match=r"no legal layout with tp=8,pp=4 .* is 8\.$"):
        estimate(**run, layout="tp=8,pp=4", global_batch_size=7)


def test_the_spread_of_the_mfu_is_the_interval_of_the_step_time():
    """Factors on a time divide an MFU; the drawn percentiles meet them (stratified draws)."""
    found = estimate(**RUN | {"draws": 4096})
    mfu, time = found.inputs["mfu"], found.results["step_time"]

    assert time.low / time.value == pytest.approx(mfu.value / mfu.high, rel=2e-3)
    assert time.high / time.value == pytest.approx(mfu.value / mfu.low, rel=2e-3)


def test_phases_together_are_what_they_are_apart():
    """GPU-hours of a run of two phases are those of two runs; arithmetic."""
    lengths = {8192: "900B", 32_768: "100B"}
    phases = [{"seq_length": length, "tokens": tokens} for length, tokens in lengths.items()]
    rest = {name: value for name, value in RUN.items() if name != "tokens"}
    both = estimate(**rest, phases=phases)
    alone = [
        estimate(**rest, tokens=tokens, seq_length=length) for length, tokens in lengths.items()
    ]

    hours = [each.results["gpu_hours"].value for each in alone]
    flop = [each.results["model_flop"].value for each in alone]
    mfu = [each.results["mfu"].value for each in alone]
    assert both.results["gpu_hours"].value == pytest.approx(sum(hours), rel=1e-12)
    expected = sum(flop) / sum(f / m for f, m in zip(flop, mfu, strict=True))
    assert both.results["mfu"].value == pytest.approx(expected, rel=1e-12)
    assert mfu[0] != pytest.approx(mfu[1], rel=1e-3)


def test_an_anchor_scales_the_step_and_narrows_the_range():
    """A run of the same layout, a fifth slower than predicted; arithmetic."""
    plain = estimate(**RUN, layout=WHOLE)
    time = plain.results["step_time"].value * 1.2
    found = estimate(**RUN, layout=WHOLE, anchor=f"{time!r} s/step on 64 h100-sxm, {WHOLE}")
    results, inputs = found.results, found.inputs

    assert results["step_time"].value == pytest.approx(time, rel=1e-12)
    assert results["gpu_hours"].value == pytest.approx(
        plain.results["gpu_hours"].value * 1.2, rel=1e-12
    )
    parts = sum(part["value"] for part in found.step["parts"].values())
    assert parts == pytest.approx(time, rel=1e-9)
    assert inputs["mfu"].origin.kind == "measured"
    assert inputs["anchor"].origin.kind == "user"
    before = plain.results["step_time"]
    assert results["step_time"].high / results["step_time"].low < before.high / before.low


@pytest.mark.parametrize("joint", [", ", " ", ","])
def test_an_anchors_layout_may_follow_without_a_comma(joint):
    text = joint.join(("9 s/step on 64 h100-sxm", *WHOLE.split(",")))

    found = estimate(**RUN, layout=WHOLE, anchor=text)

    assert found.results["step_time"].value == pytest.approx(9.0, rel=1e-9)


def test_an_anchor_in_every_unit_is_the_same_anchor():
    """512 x 8,192 tokens a step on 64 devices; the FLOP rate by the model FLOP of a token."""
    plain = estimate(**RUN, layout=WHOLE)
    tokens, time = 512 * 8192, plain.results["step_time"].value
    flop = plain.results["model_flop"].value / 1e12
    rates = (
        f"{time * 1e3!r} ms per step",
        f"{tokens / time / 64!r} token/s/GPU",
        f"{tokens / time / 64 * flop / 1e12!r} TFLOP/s/GPU",
    )
    for rate in rates:
        found = estimate(**RUN, layout=WHOLE, anchor=f"{rate} on 64 x h100-sxm, {WHOLE}")

        assert found.results["step_time"].value == pytest.approx(time, rel=1e-9)


def test_an_anchor_without_a_batch_has_the_batch_of_each_device():
    plain = estimate(**RUN, layout="tp=2,pp=1,cp=1,mbs=1", global_batch_size=512)
    text = "5 s/step on 32 h100-sxm, tp=2,pp=1,cp=1,mbs=1"
    found = estimate(**RUN, layout="tp=2,pp=1,cp=1,mbs=1", global_batch_size=512, anchor=text)

    assert "256 sequences a step" in found.inputs["mfu"].origin.source
    assert found.results["step_time"].value != plain.results["step_time"].value


def test_a_row_of_throughput_csv_is_an_anchor():
    """NeMo 24.07: 12,036 tokens a second and device, 8 devices, 128 x 8,192 tokens: 10.89 s."""
    run = RUN | {"model": "llama-3-8b", "precision": "fp8"}
    source = estimate(**run, anchor="nemo-24.07-011").inputs["mfu"].origin.source

    assert "10.89 s measured" in source
    assert "nemo-24.07-011" in source


@pytest.mark.parametrize(
    ("anchor", "words"),
    [
        ("9 s/step on 64 a100-sxm-80gb", "accelerator of this estimate"),
        ("9 s/step on 64 h100", "h100-sxm"),
        ("9 on 64 h100-sxm", "s/step"),
        ("8..9 s/step on 64 h100-sxm", "not a range"),
        ("9 GB on 64 h100-sxm", "s/step"),
        ("-9 s/step on 64 h100-sxm", "above 0"),
        ("9 s/step on 0 h100-sxm", "above 0"),
        ("9 s/step on 64.5 h100-sxm", "whole number"),
        ("9 s/step on 64 h100-sxm, tp=3", "Nearest"),
        ("9 s/step on 64 h100-sxm, seq=0", "above 0"),
        ("9 s/step on 64 h100-sxm, zz=1", "Unknown part"),
        ("9000 s/step on 64 h100-sxm", "within ten times"),
        ("nemo-24.07-11", "nemo-24.07-011"),
        ("nemo-24.07-011", "precision of this estimate"),
        ("llm-foundry-001", "one of this model"),
        ("x" * 1000, "needs a run such as"),
        ("", "needs a run such as"),
        (5, "needs a run such as"),
    ],
)
def test_an_anchor_that_cannot_be_used_is_one_message(anchor, words):
    with pytest.raises(InputError, match=words) as caught:
        estimate(**RUN, anchor=anchor)

    assert str(caught.value).startswith("anchor: ")
    assert len(str(caught.value)) < 500


def test_an_illegal_layout_is_a_layout_error():
    with pytest.raises(LayoutError):
        estimate(**RUN, layout="tp=3")


def test_what_is_not_modelled_has_no_step():
    found = estimate(**RUN, mfu=0.4)

    assert found.step is None
    assert found.memory is None
    assert found.step_time is None
    assert not found.asked_and_does_not_fit


def test_saved_parts_are_checked():
    good = estimate(**RUN).to_dict()
    assert Estimate.from_dict(good).to_dict() == good
    for broken in ({"step": 5}, {"step": {}}, {"memory": {"parts": {"weights": 5}}}):
        with pytest.raises(InputError):
            Estimate.from_dict(good | broken)


def test_a_short_layout_says_what_is_unusual():
    text = "tp=8,pp=16,vp=1,dp=64,cp=2,ep=1,mbs=1,gbs=2048,zero=1,shard=128,sp=on,recompute=full"

    assert short_layout(text) == "tp=8, pp=16, dp=64, cp=2, mbs=1, zero=1, recompute=full"
