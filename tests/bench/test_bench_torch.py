"""Probes through PyTorch on the host's processors."""

from dataclasses import replace

import pytest
from bench_fakes import SteppingClock, made_probe

from llmcost.bench import torch_attention, torch_matmul, torch_memory, torch_optimizer, torch_step
from llmcost.bench.probing import ProbeError
from llmcost.bench.shapes import Gemm, Shape, small_shape, with_layers
from llmcost.bench.torch_block import build, reason_against
from llmcost.bench.torch_device import TorchProbe, torch_probe
from llmcost.catalog.architecture import Architecture, Attention, LayerGroup, Mlp
from llmcost.catalog.architecture import architecture_from_config as read
from llmcost.catalog.models import model
from llmcost.counting import count

torch = pytest.importorskip("torch", reason="PyTorch is an optional part (the extra: bench)")

TINY = Shape(
    "tiny",
    Architecture(
        "llama",
        vocab_size=96,
        hidden_size=32,
        groups=(LayerGroup(4, Attention("full", 0, 4, 2, 8, 8), Mlp("dense", 48, gated=True), 64),),
        embedding_size=32,
        tie_word_embeddings=False,
        final_norm_parameters=32,
    ),
    seq_length=16,
    micro_batch_size=4,
)


def probe_of(shape=TINY, *, clock=None, free=None, **fields):
    given = {"shape": shape.as_dict(), **fields}
    return made_probe(TorchProbe, torch, clock=clock, free=free, **given)


def test_a_product_is_proved_and_counted():
    probe, _ = probe_of()

    one = torch_matmul.product(probe, Gemm("grid", 8, 16, 32), "fp32")

    assert (one["flop"], one["value"], one["by"], one["verified"]) == (8192, 32768, "torch", True)


@pytest.mark.parametrize("wrong", [0.0, float("nan"), 1.0])
def test_a_wrong_product_is_no_sample(wrong, monkeypatch):
    probe, sent = probe_of()
    monkeypatch.setattr(torch, "mm", lambda a, b, out: out.fill_(wrong))

    torch_matmul.measure_family(probe)

    assert sent.of("sample") == []
    reasons = {one["reason"] for one in sent.of("not_measured")}
    assert reasons == {"the product is wrong beside one in double precision"}


class Pretended(TorchProbe):
    """An accelerator's way of measuring, on a processor."""

    kind = "cuda"
    flushed = 0

    def flush(self):
        self.flushed += 1


def test_caches_of_an_accelerator_are_flushed_before_every_product():
    """Three warm-ups at least and five products that count, or as many as the clock makes."""
    asked = []

    class Clock(SteppingClock):
        def passes(self, calls, count, before):
            asked.append(before)
            return super().passes(calls, count, before)

    given = {"shape": TINY.as_dict()}
    probe, _ = made_probe(Pretended, torch, clock=Clock(0.25), **given)
    processor, _ = probe_of(clock=Clock(0.25))

    torch_matmul.product(probe, Gemm("grid", 8, 16, 32), "bf16")
    assert set(asked) == {probe.flush}

    asked.clear()
    torch_matmul.product(processor, Gemm("grid", 8, 16, 32), "fp32")
    assert set(asked) == {None}


def test_a_precision_that_is_emulated_is_not_timed_but_said(monkeypatch):
    """A short product of bf16 takes five times one of fp32: less than a quarter of its rate."""
    probe, sent = probe_of(precisions=("bf16", "fp32"))
    times = {torch.float32: 1.0, torch.bfloat16: 5.0}
    monkeypatch.setattr(probe, "_short_product", times.get)

    torch_matmul.measure_family(probe)

    assert sent.of("not_measured") == [
        {"kind": "gemm", "reason": "bf16 is emulated on this device", "dtype": "bf16"}
    ]
    assert {one["dtype"] for one in sent.of("sample")} == {"fp32"}


@pytest.mark.parametrize(
    ("precision", "reason"),
    [
        ("tf32", "processors have no tf32"),
        ("fp8", "processors have no fp8"),
        ("fp4", "PyTorch computes in no fp4"),
    ],
)
def test_precisions_that_a_processor_has_not(precision, reason):
    probe, sent = probe_of(precisions=(precision,))

    torch_matmul.measure_family(probe)

    assert sent.of("not_measured") == [{"kind": "gemm", "reason": reason, "dtype": precision}]


def test_memory_is_written_as_a_copy_and_a_triad():
    probe, sent = probe_of(free=6 * 4096 * 10)

    torch_memory.measure_family(probe)

    copy, triad = sent.of("sample")
    assert (copy["op"], copy["bytes"] / copy["array_bytes"]) == ("copy", 2)
    assert (triad["op"], triad["bytes"] / triad["array_bytes"]) == ("triad", 3)


def test_attention_is_counted_forward_and_backward():
    """QK and AV of 4 heads of 8, 4 sequences of 16: half of 2 x 2 x 16^2 x 8 x 4 x 4 FLOP."""
    probe, sent = probe_of(clock=SteppingClock(0.5, 1.0))

    torch_attention.measure_family(probe)

    forward, backward = sent.of("sample")
    by_hand = 0.5 * 2 * 2 * 16 * 16 * 8 * 4 * 4
    assert (forward["part"], forward["flop"]) == ("forward", by_hand)
    assert (backward["part"], backward["flop"]) == ("backward", 2 * by_hand)
    assert forward["value"] == backward["value"] == 2 * by_hand


def test_causal_attention_with_shared_keys_is_that_of_its_definition():
    """Softmax of the products with the keys up to each position, computed in NumPy's order."""
    generator = torch.Generator().manual_seed(5)
    queries = torch.randn(1, 4, 6, 8, generator=generator)
    keys, values = (torch.randn(1, 2, 6, 8, generator=generator) for _ in range(2))

    found = torch_attention.attend(torch, queries, keys, values)

    for head in range(4):
        scores = queries[0, head] @ keys[0, head // 2].T / 8**0.5
        scores = scores.masked_fill(torch.ones(6, 6).triu(1).bool(), float("-inf"))
        assert torch.allclose(found[0, head], scores.softmax(-1) @ values[0, head // 2], atol=1e-5)


def test_the_optimizer_moves_seven_numbers_a_parameter(monkeypatch):
    probe, sent = probe_of()
    monkeypatch.setattr(torch_optimizer, "SMALL", 4000)

    torch_optimizer.measure_family(probe)

    assert [(one["bytes"], one["parameters"]) for one in sent.of("sample")] == [(28 * 4000, 4000)]


def test_a_step_is_sampled_by_parts_with_two_and_with_four_layers():
    probe, sent = probe_of(clock=SteppingClock(0.25, 0.5, 0.125))

    torch_step.measure_family(probe)

    found = {(one["layers"], one["part"]): one for one in sent.of("sample")}
    assert set(found) == {
        (layers, part)
        for layers in (2, 4)
        for part in ("whole", "forward", "backward", "optimizer")
    }
    assert found[2, "whole"]["median_s"] == 0.875
    assert found[4, "backward"]["median_s"] == 0.5
    assert found[4, "whole"]["tokens"] == 64
    assert found[4, "forward"]["flop"] * 3 == pytest.approx(found[4, "whole"]["flop"])


@pytest.mark.parametrize("layers", [2, 4])
def test_the_stack_holds_the_weights_that_are_counted(layers):
    """Against the exact count of the architecture, which is tried against published models."""
    probe, _ = probe_of()
    architecture = with_layers(TINY.architecture, TINY.layer, layers)

    stack = build(probe, architecture, TINY.seq_length, torch.float32)

    assert stack.parameters == count(architecture).parameters


def test_tied_embeddings_are_one_matrix():
    probe, _ = probe_of()
    architecture = replace(TINY.architecture, tie_word_embeddings=True)

    stack = build(probe, architecture, TINY.seq_length, torch.float32)

    assert stack.parameters == count(architecture).parameters


def test_the_model_flop_of_a_step_are_those_that_pytorch_counts():
    """PyTorch's own counter of its operations; on a processor it does not see attention."""
    from torch.utils.flop_counter import FlopCounterMode

    probe, _ = probe_of()
    stack = build(probe, TINY.architecture, TINY.seq_length, torch.float32)
    tokens = torch.zeros(4, 16, dtype=torch.long)

    with FlopCounterMode(display=False) as counter:
        stack.loss(tokens, tokens).backward()

    attention = 3 * 4 * torch_attention.forward_flop(TINY.layer.attention, 16, 4)
    own = torch_step.model_flop(TINY.architecture, TINY) - attention
    assert counter.get_total_flops() == pytest.approx(own)


def test_a_stack_learns():
    """Its gradients point down: the loss of one batch falls below that of guessing, log 96."""
    probe, _ = probe_of()
    stack = build(probe, TINY.architecture, TINY.seq_length, torch.float32)
    tokens = torch.arange(64).reshape(4, 16)
    optimizer = torch.optim.AdamW(stack.weights, lr=1e-2)
    for _ in range(20):
        optimizer.zero_grad()
        loss = stack.loss(tokens, tokens.flip(1))
        loss.backward()
        optimizer.step()

    assert loss.item() < 1.0


def test_a_position_sees_none_after_it():
    probe, _ = probe_of()
    stack = build(probe, TINY.architecture, TINY.seq_length, torch.float32)
    tokens = torch.zeros(1, 16, dtype=torch.long)
    later = tokens.clone()
    later[0, -1] = 5
    seen = []
    for one in (tokens, later):
        logits = _logits(stack, one)
        seen.append(logits[0, :-1])

    assert torch.equal(*seen)


def _logits(stack, tokens):
    """Return the states before the loss, as the loss itself sees them."""
    kept = []
    original = torch.nn.functional.cross_entropy

    def keep(logits, targets):
        kept.append(logits.detach().reshape(*tokens.shape, -1))
        return original(logits, targets)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.functional, "cross_entropy", keep)
        stack.loss(tokens, tokens)
    return kept[0]


def test_a_micro_batch_that_does_not_fit_is_halved_and_it_is_said():
    """Room for one sequence of the four, and for the states of four layers."""
    architecture = with_layers(TINY.architecture, TINY.layer, 4)
    one = torch_step.needed_bytes(architecture, replace(TINY, micro_batch_size=1), 4)
    probe, sent = probe_of(free=int(2 * one) + 1, clock=SteppingClock(0.1, 0.1, 0.1))

    torch_step.measure_family(probe)

    sizes = {one["layers"]: one["micro_batch_size"] for one in sent.of("sample")}
    assert sizes[4] == 1
    assert sent.of("warning")[-1] == {
        "code": "micro-batch-halved",
        "message": "A micro-batch of 2 does not fit the memory; the step is measured with 1.",
    }


def test_layers_so_large_that_four_do_not_fit_are_measured_by_one_and_two():
    architecture = with_layers(TINY.architecture, TINY.layer, 4)
    four = torch_step.needed_bytes(architecture, replace(TINY, micro_batch_size=1), 4)
    probe, sent = probe_of(free=int(2 * four) - 2, clock=SteppingClock(0.1, 0.1, 0.1))

    torch_step.measure_family(probe)

    assert {one["layers"] for one in sent.of("sample")} == {1, 2}


def test_a_device_that_runs_out_of_memory_in_the_step_halves_too(monkeypatch):
    probe, sent = probe_of(clock=SteppingClock(0.1, 0.1, 0.1))
    original = torch_step.build

    def build_small(probe, architecture, seq_length, dtype):
        if not sent.of("warning"):
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return original(probe, architecture, seq_length, dtype)

    monkeypatch.setattr(torch_step, "build", build_small)
    torch_step.measure_family(probe)

    assert {one["micro_batch_size"] for one in sent.of("sample")} == {2}


def test_a_step_that_fits_in_no_way_is_said():
    probe, sent = probe_of(free=1000)

    torch_step.measure_family(probe)

    assert sent.of("sample") == []
    assert "of memory; only half of the" in sent.of("not_measured")[0]["reason"]


def test_what_a_library_cannot_do_costs_that_alone(monkeypatch):
    probe, sent = probe_of()

    def unsupported(*_):
        raise RuntimeError("scaled products are not supported on this device\nand so on")

    monkeypatch.setattr(torch_matmul, "product", unsupported)
    torch_matmul.measure_family(probe)

    assert sent.of("not_measured")[0]["reason"] == (
        "the library cannot do it: scaled products are not supported on this device"
    )


def test_a_defect_is_not_taken_for_want_of_memory(monkeypatch):
    probe, _ = probe_of()

    def broken(*_):
        raise RuntimeError("expected scalar type Float")

    monkeypatch.setattr(torch_step, "build", broken)

    with pytest.raises(RuntimeError, match="scalar type"):
        torch_step.measure_family(probe)


def test_a_loss_that_is_no_number_is_no_sample(monkeypatch):
    probe, sent = probe_of(clock=SteppingClock(0.1, 0.1, 0.1))
    original = torch.nn.functional.cross_entropy
    monkeypatch.setattr(
        torch.nn.functional, "cross_entropy", lambda *both: original(*both) * float("nan")
    )

    torch_step.measure_family(probe)

    assert sent.of("warning") == []
    assert sent.of("sample") == []
    assert "not a number" in sent.of("not_measured")[0]["reason"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("llama-3.1-8b", None),
        ("qwen3-8b", None),
        ("mixtral-8x7b", "mixtures of experts"),
        ("deepseek-v3", "latent attention"),
    ],
)
def test_steps_are_measured_of_layers_that_are_built(name, reason):
    architecture, _ = read(model(name).config)
    layer = max(architecture.groups, key=lambda group: group.count)

    found = reason_against(architecture, layer)

    assert found is None if reason is None else found.startswith(reason)


def test_the_batch_asked_for_counts_over_that_of_the_shape():
    probe, _ = probe_of(seq_length=8, micro_batch_size=2)

    assert (probe.shape.tokens, probe.shape.architecture) == (16, TINY.architecture)


def test_a_device_that_is_not_there_is_refused():
    from llmcost.bench.probing import Task

    if torch.cuda.is_available():
        pytest.skip("this machine has an accelerator")

    with pytest.raises(ProbeError, match=r"device: got cuda:0; PyTorch .* finds 0 accelerators"):
        torch_probe(Task("matmul", device="cuda:0"), print)


def test_small_shapes_of_the_default_are_measured_in_single_precision():
    probe, sent = made_probe(TorchProbe, torch, clock=SteppingClock(0.1))

    torch_matmul.measure_family(probe)

    assert probe.shape == small_shape()
    assert {one["dtype"] for one in sent.of("sample")} == {"fp32"}
