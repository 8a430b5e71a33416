"""What a bench comes to: results or the reason, shares of a specification, another bench."""

import json

import pytest

from llmcost.bench.running import Measured
from llmcost.errors import InputError
from llmcost.studies.benching import answer
from llmcost.studies.benching.answer import bench_of, finished, saved_bench
from llmcost.studies.benching.comparing import ABOVE, BELOW, NO_SPECIFICATION, sample_name
from llmcost.studies.benching.record import RESULT_UNITS
from llmcost.studies.saved import read_saved
from llmcost.views import document as document_of
from tests.benching.made_samples import (
    H200,
    document,
    exchange,
    h200,
    processor,
    product,
    products,
    step,
    triad,
    update,
)


def saved(tmp_path, data, name="other.json"):
    path = tmp_path / name
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def rate_of_one(seconds, dtype="bf16"):
    """Return a document of an H200 with one product of 8192^3 that takes a time [s]."""
    return document([product(8192, 8192, 8192, seconds, dtype)], H200)


def test_results_are_those_of_the_samples():
    """Four layers of the made processor: 0.06 + 0.12 s of passes, 0.196 s with the optimizer."""
    found = bench_of(processor()).results

    assert list(found) == list(RESULT_UNITS)
    assert found["memory_rate"].value == pytest.approx(20e9)
    assert found["step_time"].value == pytest.approx(0.196)
    assert found["layer_time"].value == pytest.approx(0.030)
    assert found["fixed_time"].value == pytest.approx(0.060)
    assert found["tokens_per_second"].value == pytest.approx(512 / 0.196)
    assert found["tokens_per_second"].low < found["tokens_per_second"].high
    assert found["update_time"].value == pytest.approx(2e-9)
    assert 0 < found["mamfu"].value < 1


def test_model_flop_of_the_small_block_is_six_for_each_weight_and_attention():
    """6 x (4 x 790,528 + 1,048,576) + 12 x 4 x 256 x 128 / 2 FLOP a token, times 512.

    A layer: 4 x 256^2 of attention and 3 x 256 x 688 of the MLP; the output matrix 4096 x 256.
    """
    found = bench_of(processor()).results
    per_token = 6 * (4 * 790_528 + 1_048_576) + 12 * 4 * 256 * 128 / 2

    assert found["model_flop_rate"].value == pytest.approx(512 * per_token / 0.196, rel=0.01)


def test_a_bench_is_short_in_a_shell_and_a_table_in_a_notebook():
    found = bench_of(processor())

    assert repr(found).startswith("Bench(")
    assert len(repr(found)) < 200
    assert "<table" in found._repr_html_()


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        (exchange(1_048_576, 1e-6, 1e9), "collective all_reduce 2x1.05 MB fp32"),
        (update(2e-9), "optimizer 16000000 fp32"),
        (update(2e-9, 124_000_000), "optimizer 124000000 fp32"),
    ],
)
def test_a_sample_is_named_by_sizes_that_people_read(sample, name):
    assert sample_name(sample) == name


def test_an_mfu_needs_a_published_peak():
    """On an H200 it is of 989.4 TFLOP/s; attention in full makes it larger."""
    own, known = bench_of(processor()).results, bench_of(h200()).results

    assert own["mfu"].value is None
    assert "no peak" in own["mfu"].reason
    rate = known["model_flop_rate"].value
    assert known["mfu"].value == pytest.approx(rate / 989.4e12, rel=1e-3)
    assert known["mfu_full_attention"].value > known["mfu"].value


def test_what_was_not_measured_says_why():
    data = document([triad(20e9)], not_measured=[{"kind": "gemm", "reason": "bf16 is emulated"}])

    found = bench_of(data).results

    assert found["matmul_rate"].value is None
    assert found["matmul_rate"].reason == "bf16 is emulated"
    assert "--what" in found["step_time"].reason


def test_a_step_of_one_depth_has_no_layer():
    found = bench_of(document([*products(1e11, 1e-10, 1e-6), *step(4, 0.1, 0.15, 0.05)])).results

    assert found["step_time"].value == pytest.approx(0.3)
    assert found["layer_time"].value is None
    assert "two steps" in found["layer_time"].reason


@pytest.mark.parametrize(
    ("tera", "verdict"),
    [
        (1100, ABOVE),
        (300, BELOW),
        (780, "as published"),
        (870, "faster than what was published"),
        (600, "slower than what was published"),
    ],
)
def test_a_product_is_held_against_the_peak_and_what_was_published(tera, verdict):
    """H200: 989.4 TFLOP/s of peak, 794.5 published; outside of 40% to 102% something is wrong."""
    seconds = 2 * 8192**3 / (tera * 1e12)
    data = rate_of_one(seconds)
    data["samples"][0]["best_value"] = tera * 1e12

    found = bench_of(data)

    (one,) = found.comparison
    assert one.verdict == verdict
    assert one.share == pytest.approx(tera / 989.4)
    assert one.published_share == pytest.approx(tera / 794.5)
    warned = [each.code for each in found.warnings]
    assert ("bench-specification" in warned) == (verdict in (ABOVE, BELOW))


def test_memory_is_held_against_its_specification():
    """4.1 of 4.8 TB/s on an H200."""
    found = bench_of(document([triad(4.1e12)], H200))

    assert found.comparison[0].share == pytest.approx(4.1 / 4.8)


def test_a_processor_has_no_specification():
    assert {one.verdict for one in bench_of(processor()).comparison} == {NO_SPECIFICATION}


def test_two_benches_are_compared_sample_by_sample(tmp_path):
    """Half the time is twice the rate; what only one has is left out."""
    slow = document([product(8192, 8192, 8192, 0.002, "bf16"), triad(4e12)], H200)
    other = saved_bench(saved(tmp_path, slow))

    found = bench_of(rate_of_one(0.001), other)

    (one,) = [each for each in found.comparison if each.other]
    assert one.ratio == pytest.approx(2.0)
    assert one.verdict == "faster"
    assert one.beside == "other.json, NVIDIA H200"


def test_a_difference_within_the_spread_of_runs_is_none(tmp_path):
    other = saved_bench(saved(tmp_path, rate_of_one(0.00102)))

    found = bench_of(rate_of_one(0.001), other)

    assert found.comparison[-1].verdict.startswith("the same")


def test_benches_of_two_methods_are_not_compared(tmp_path):
    other = saved_bench(saved(tmp_path, document([triad(2e10)], method=2)))

    with pytest.raises(InputError, match="method 2"):
        bench_of(processor(), other)


def test_another_device_and_nothing_alike_are_told(tmp_path):
    other = saved_bench(saved(tmp_path, rate_of_one(0.001)))

    codes = {one.code for one in bench_of(processor(), other).warnings}

    assert {"bench-other-device", "bench-nothing-alike"} <= codes


def test_only_a_bench_is_compared_with(tmp_path):
    path = saved(tmp_path, {"schema": "llmcost.facts/1", "kind": "gpus", "results": []})

    with pytest.raises(InputError):
        saved_bench(path)


def test_a_file_that_cannot_be_compared_ends_before_measuring(tmp_path, monkeypatch):
    monkeypatch.setattr(answer, "measure", lambda *_, **__: pytest.fail("measured"))

    with pytest.raises(InputError):
        answer.bench(compare=tmp_path / "none.json")


def test_what_was_measured_is_kept_as_it_is(monkeypatch):
    """Samples, host and warnings of the measuring part come through, with fits beside them."""
    data = processor()
    parts = {name: data[name] for name in ("host", "device", "status", "request", "measured_at")}
    warnings = ({"code": "device-busy", "message": "The device was busy."},)
    measured = Measured(samples=tuple(data["samples"]), not_measured=(), warnings=warnings, **parts)
    monkeypatch.setattr(answer, "measure", lambda *_, **__: measured)

    found = answer.bench()

    assert found.measured["samples"] == data["samples"]
    assert found.warnings[0].code == "device-busy"
    assert found.status == "complete"
    assert finished(measured).results == found.results


def test_nothing_measured_is_still_an_answer():
    """Interrupted before the first sample: every result says so, and the document is drawn."""
    data = document([], {"kind": "unknown", "name": "unknown"}, status="interrupted")

    found = bench_of(data)

    assert all(one.value is None and one.reason for one in found.results.values())
    assert "interrupted" in document_of(found).title


def disturbed():
    """Return a bench of a processor with a sample that was disturbed."""
    data = processor()
    data["samples"][0] |= {"disturbed": True, "disturbance": "threads waited 40% of the time"}
    return data


@pytest.mark.parametrize("made", [processor, h200, disturbed, lambda: h200(rate=2e15)])
def test_a_saved_bench_is_read_again(tmp_path, made):
    """What the answer writes passes the check of saved results, and comes to the same."""
    other = saved_bench(saved(tmp_path, made()))
    found = bench_of(made(), other)
    path = saved(tmp_path, found.to_dict(), "bench.json")

    again = bench_of(read_saved(path).data)

    assert again.to_dict() == found.to_dict()


@pytest.mark.parametrize("made", [processor, h200])
def test_people_read_results_and_programs_every_sample(made):
    found = bench_of(made())

    shown = document_of(found)

    tables = {table.name: table for table in shown.tables}
    assert len(shown.flat.rows) == len(found.measured["samples"])
    assert ("comparison" in tables) == (made is h200)
    names = [row[0] for row in tables["results"].rows]
    assert names == [name for name, one in found.results.items() if one.value is not None]
    assert shown.data["schema"] == "llmcost.bench/1"


def test_a_residual_is_told_with_its_sign():
    found = bench_of(h200(layer=0.05))
    shown = {table.name: table for table in document_of(found).tables}["results"]
    rows = {row[0]: text for row, text in zip(shown.rows, shown.texts, strict=True)}

    assert rows["residual"][1].startswith("+")


def test_in_python_a_bench_is_asked_for_in_words(monkeypatch):
    asked = []
    monkeypatch.setattr(answer, "bench", lambda request, compare: asked.append((request, compare)))

    answer.run_bench(
        "llama-3.1-8b", what=["matmul"], precisions=["bf16"], effort="quick", budget="1 min"
    )

    ((request, compare),) = asked
    assert request.shape.architecture.hidden_size == 4096
    assert (request.what, request.precisions) == (("matmul",), ("bf16",))
    assert (request.effort, request.seconds, compare) == ("quick", 60.0, None)


def test_a_model_without_an_architecture_is_not_measured():
    with pytest.raises(InputError):
        answer.run_bench("gpt-4")
