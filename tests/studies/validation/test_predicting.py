"""What is chosen among the ways to run a row, and how far a prediction may be off."""

from dataclasses import replace

import numpy as np
import pytest

from llmcost.catalog.calibration import calibration
from llmcost.studies.stepping import evaluate, step_inputs
from llmcost.studies.validation.knobs import ways_of
from llmcost.studies.validation.points import point_of, read_points
from llmcost.studies.validation.predicting import choose, predict_points
from tests.validation_fakes import FULL_ROW

ROW = FULL_ROW | {"reported_step_time_s": "20"}
SMALL = ROW | {"model_name": "Llama 3.1 8B", "n_gpus": "8", "tp": "1", "pp": "1", "vpp": "1"}
SMALL |= {"dp": "8", "fsdp_or_zero_stage": "FSDP", "framework": "torchtitan", "recompute": "full"}


def point(cells=None, **others: str):
    """Return the point of the row with some cells changed."""
    return point_of((cells or ROW) | others)


def predicted(cells=None, **others: str):
    """Return the prediction of the row with some cells changed."""
    return predict_points([point(cells, **others)])[0]


def figures(found):
    """Return the time [s] and the share of the memory of every way."""
    columns = step_inputs(found.architecture, found.machine, found.layouts, found.num_gpus)
    result, size = evaluate(columns), found.layouts["zero_stage"].size
    held = np.broadcast_to(result["total_memory"], size) / columns["device_memory"]
    return np.broadcast_to(result["step_time"], size), held


def test_a_complete_row_takes_its_own_layout() -> None:
    """One way, and its time is the engine's."""
    times, _ = figures(ways_of(point()))
    assert choose(point()).step_time == pytest.approx(float(times[0]))


@pytest.mark.parametrize("knob", ["vpp", "micro_batch"])
def test_of_the_ways_that_can_have_run_the_fastest_counts(knob: str) -> None:
    """Published runs are tuned; up to a third over the memory passes, for the row did run."""
    blank = point(**{knob: ""}, recompute="full")
    times, held = figures(ways_of(blank))
    assert held.max() > 1.35 or knob == "vpp"
    fastest = int(np.argmin(np.where(held <= 1.35, times, np.inf)))
    column = {"vpp": "virtual_stages", "micro_batch": "micro_batch_size"}[knob]
    assert choose(blank).layout[column] == ways_of(blank).layouts[column][fastest]


def test_what_never_fits_takes_the_ways_that_need_least_memory() -> None:
    """70B on 16 devices a replica without recomputation: the fastest way would need 20 devices."""
    blank = point(micro_batch="")
    times, held = figures(ways_of(blank))
    assert held.min() > 1.2
    assert choose(blank).step_time == pytest.approx(float(times[held <= 1.1 * held.min()].min()))


def test_recomputation_that_is_not_stated_is_the_least_with_which_a_row_can_have_run() -> None:
    """8B on 8 devices: none with one sequence a pass, and more the more a pass holds."""
    kinds = []
    for micro in ("1", "2", "4", "16"):
        blank = point(SMALL, recompute="", micro_batch=micro)
        found = ways_of(blank)
        held = figures(found)[1]
        layout = choose(blank).layout
        chosen = int(2 * layout["recompute_full"] + layout["recompute_selective"])
        fits = (held[0] <= 1.2, held[1] <= 1.35, True)
        assert chosen == fits.index(True)
        kinds.append(chosen)
    assert kinds == sorted(kinds)
    assert kinds[-1] == 2


def test_a_searched_layout_is_longer_by_what_hiding_layouts_costs() -> None:
    """The fastest that fits is faster than what people run."""
    blank = point(cp="", dp="")
    times, held = figures(ways_of(blank))
    longer = calibration().values["searched_layout"]
    assert choose(blank).step_time == pytest.approx(longer * float(times[held <= 1.06].min()))


def test_a_policy_of_an_xla_compiler_keeps_less_than_selective_recomputation() -> None:
    """70B on 512 devices: what does not fit with all else kept still ran with a named policy."""
    xla = ROW | {"framework": "MaxText (JAX)", "n_gpus": "512", "tp": "1", "pp": "1", "vpp": "1"}
    xla |= {"dp": "512", "fsdp_or_zero_stage": "FSDP", "micro_batch": "2", "recompute": "selective"}
    xla |= {"global_batch_seqs": "1024"}
    known, blank = choose(point(xla)), choose(point(xla, dp="", cp=""))
    assert blank.layout["data_parallel"] == known.layout["data_parallel"]
    longer = calibration().values["searched_layout"]
    assert blank.step_time == pytest.approx(longer * known.step_time)


def test_an_anchor_scales_by_measured_over_predicted() -> None:
    """An anchor that took twice its prediction doubles the other's, and its own interval counts."""
    other = point(id="b", global_batch_seqs="256")
    plain, ratio = predict_points([point(), other]), 2.0
    slow = replace(point(), measured_step_time=ratio * plain[0].step_time)
    scaled = predict_points([slow, other], anchors={"b": slow})[1]
    assert scaled.step_time == pytest.approx(ratio * plain[1].step_time)
    assert scaled.situation == "anchored"
    ends = calibration().intervals["anchored"]
    assert scaled.low == pytest.approx(scaled.step_time * ends["low"])
    assert scaled.high == pytest.approx(scaled.step_time * ends["high"])


def test_an_anchor_of_the_same_bare_name_leaves_no_doubt_of_the_part() -> None:
    """Whatever the part is, the anchor ran on it too."""
    one, other = point(gpu="H100"), point(id="b", gpu="H100", global_batch_seqs="256")
    scaled = predict_points([one, other], anchors={"b": one})[1]
    assert scaled.high == pytest.approx(
        scaled.step_time * calibration().intervals["anchored"]["high"]
    )


def test_a_bare_name_reaches_to_the_slower_part_in_a_searched_layout_too() -> None:
    """The interval of an unstated kind holds the PCIe card's time, made longer alike."""
    alone = SMALL | {
        "n_gpus": "1",
        "dp": "1",
        "global_batch_seqs": "8",
        "fsdp_or_zero_stage": "ddp",
    }
    alone |= {"model_name": "Llama 3.2 1B", "seq_len": "2048", "recompute": "none"}
    sxm, bare = predicted(alone), predicted(alone, gpu="H100")
    pcie = predicted(alone, gpu="H100 PCIe")
    assert bare.step_time == sxm.step_time
    assert bare.high >= pcie.step_time > sxm.step_time
    # Tensor parallelism left blank beside a stated dp of 1 follows; a blank pair is searched.
    pair = alone | {"n_gpus": "2", "dp": "", "cp": "", "global_batch_seqs": "8"}
    assert predicted(pair, gpu="H100").high >= predicted(pair, gpu="H100 PCIe").step_time


def test_a_part_that_cannot_hold_the_run_is_not_in_doubt() -> None:
    """A bare A100 that keeps 60 GB a device has not 40 GB."""
    held = SMALL | {"gpu": "A100", "micro_batch": "4", "recompute": "none"}
    _, share = figures(ways_of(point(held)))
    assert share[0] * 80 > 1.35 * 40
    from llmcost.studies.validation.predicting import _alternatives

    found = choose(point(held))
    names = replace(point(held), accelerator_alternatives=("a100-sxm-40gb",))
    assert _alternatives(names, found) == []


def test_a_precision_that_is_not_stated_has_the_narrower_one_in_the_band() -> None:
    """An H100 may have run in FP8: the interval reaches down to that time."""
    blank, narrow = predicted(dtype=""), predicted(dtype="fp8")
    assert blank.step_time == predicted().step_time
    assert blank.low <= narrow.step_time < blank.step_time
    slow = {"gpu": "A100", "reported_step_time_s": "90"}
    same = predicted(**slow, dtype="")
    assert same.low == pytest.approx(predicted(**slow).low)


def test_software_of_an_unknown_date_has_the_older_one_in_the_band() -> None:
    """A100s of 2021 ran Megatron-LM without fused attention; no H200 did."""
    old = {"gpu": "A100-SXM4-80GB", "reported_step_time_s": "90"}
    blank, early = predicted(**old, source_date=""), predicted(**old, source_date="2022-01")
    assert early.step_time > blank.step_time
    assert blank.high >= early.step_time
    new = predicted(gpu="H200", source_date="")
    assert new.high == pytest.approx(predicted(gpu="H200", source_date="2026-06").high)


def test_a_length_that_is_not_stated_has_shorter_and_longer_ones_in_the_band() -> None:
    """Time a token grows with the length: half and double lengths bound the interval."""
    cells = {"reported_step_time_s": "", "reported_tokens_per_s_per_gpu": "800", "seq_len": ""}
    blank = predicted(**cells)
    assert blank.seq_length == 8192
    assert any("sequence length" in text for text in blank.assumed)
    half = predicted(**cells | {"seq_len": "4096"})
    assert blank.low <= 2 * half.step_time


def test_an_interval_holds_its_prediction() -> None:
    """Also of accelerators and frameworks that no row has."""
    for cells in ({"gpu": "MI300X"}, {"gpu": "Gaudi2"}, {"framework": "own"}, {"gpu": "TPU v6e"}):
        found = predicted(**cells)
        assert 0 < found.low < found.step_time < found.high


def test_a_row_without_a_measurement_keeps_its_reason() -> None:
    """Nothing is dropped, and nothing is predicted in its place."""
    found = predicted(reported_step_time_s="")
    assert found.step_time is None
    assert "no rate" in found.reason


def test_a_part_on_which_nobody_would_run_so_is_not_in_doubt() -> None:
    """FSDP of 8B with 8,192 tokens a device and pass: over PCIe most of the time is waiting."""
    cells = SMALL | {
        "global_batch_seqs": "8",
        "recompute": "selective",
        "reported_step_time_s": "1.4",
    }
    bare, pcie = predicted(cells, gpu="H100"), predicted(cells, gpu="H100 PCIe")
    assert pcie.step_time > 2 * bare.step_time
    assert bare.high < 2 * bare.step_time


def test_a_batch_that_no_layout_can_share_evenly_is_run_as_it_is() -> None:
    """2,048 sequences on 1,280 devices that shard fully: 1.6 each, time by the sequences."""
    cells = SMALL | {"n_gpus": "1280", "dp": "", "cp": "", "tp": "", "micro_batch": ""}
    cells |= {"pp": "", "vpp": "", "model_name": "Llama 3.1 70B", "seq_len": "4096"}
    cells |= {"reported_step_time_s": "", "reported_tokens_per_s_per_gpu": "900"}
    odd, even = (
        predicted(cells, global_batch_seqs="2048"),
        predicted(cells, global_batch_seqs="2560"),
    )
    assert odd.step_time is not None
    assert odd.global_batch_size == 2048
    assert 0.7 * even.step_time < odd.step_time < even.step_time


def test_a_step_faster_than_the_peak_is_not_scored(tmp_path):
    """9e9 tokens a second on one device cannot be: the row says so, and by how much."""
    path = tmp_path / "fast.csv"
    path.write_text(
        "id,source_short,framework,model_name,seq_len,gpu,n_gpus,dtype,tp,pp,dp,cp,micro_batch,"
        "global_batch_seqs,recompute,reported_tokens_per_s_per_gpu\n"
        "a,x,NeMo,Llama 3 8B,8192,H100-SXM5-80GB,8,bf16,1,1,8,1,1,128,none,9e9\n"
        "c,x,NeMo,Llama 3 8B,,H100-SXM5-80GB,8,,,,,,,,,9e9\n"
        "b,x,NeMo,Llama 3 8B,8192,H100-SXM5-80GB,8,bf16,1,1,8,1,1,128,none,9000\n",
        encoding="utf-8",
    )

    fast, bare, usual = predict_points(read_points(path))

    for one in (fast, bare):
        assert one.step_time is None
        assert "needs at most the peak" in one.reason
    assert usual.step_time is not None
