"""Rows as other publications write them, and rows that cannot be right."""

import csv
import io

import pytest

from llmcost.errors import DataError
from llmcost.studies.validation.points import point_of, read_points

# Each row as its makers might write it, by column, with the knobs that it states.
ROWS = {
    "AMD's trainer on MI300X": (
        "framework=Primus (Megatron-LM backend) v25.9|model_name=Llama 3.1 70B|gpu=MI300X|n_gpus=8"
        "|dtype=BF16|tp=1|pp=1|fsdp_or_zero_stage=FSDP2|micro_batch=3|global_batch_seqs=24"
        "|seq_len=8K|recompute=full|reported_tokens_per_s_per_gpu=1,050",
        "family=megatron|accelerator=mi300x|seq_length=8192|zero_stage=3|recompute=full"
        "|architecture_basis=catalogue llama-3.1-70b|global_batch_size=24",
    ),
    "torchtitan inside AMD's trainer": (
        "framework=AMD Primus torchtitan backend|model_name=Llama3.1-8B"
        "|gpu=AMD Instinct MI300X (192GB)|n_gpus=8|dtype=FP8 (delayed scaling)|tp=1|pp=1|dp=8"
        "|seq_len=8192|micro_batch=4|global_batch_seqs=32|recompute=none"
        "|reported_tokens_per_s_per_gpu=14950",
        "family=fsdp|precision=fp8|fp8_scaling=delayed|context_parallel=1|data_parallel=8",
    ),
    "MaxText on TPU v6e": (
        "framework=MaxText (JAX)|model_name=Llama 3.1-405B|gpu=TPU v6e|n_gpus=256|dtype=bf16|tp=4"
        "|pp=1|cp=1|fsdp_or_zero_stage=FSDP (ICI)|micro_batch=1|global_batch_seqs=256|seq_len=8192"
        "|recompute=custom save_qkv|reported_tokens_per_s_per_gpu=114.6",
        "family=xla|accelerator=tpu-v6e|data_parallel=64|micro_batch_size=4|recompute=selective",
    ),
    "Hugging Face on Gaudi 2": (
        "framework=Optimum-Habana (DeepSpeed ZeRO-3)|model_name=Llama-2-70B|gpu=Intel Gaudi 2"
        "|n_gpus=64|dtype=bf16|micro_batch=2|seq_len=4096|recompute=gradient checkpointing"
        "|reported_mfu=0.45|task=sft",
        "family=fsdp|accelerator=gaudi2|zero_stage=3|task=sft|tensor_parallel=None|recompute=full"
        "|global_batch_size=None|measured_step_time=None|layout_missing=True",
    ),
    "Megatron on Gaudi 2": (
        "framework=Megatron-DeepSpeed (Habana fork)|model_name=LLaMA 2 70B|gpu=Gaudi2|n_gpus=1024"
        "|dtype=bf16|tp=8|pp=16|dp=8|fsdp_or_zero_stage=zero stage 1|sequence_parallel=True"
        "|micro_batch=1|global_batch_seqs=1024|seq_len=4096|reported_step_time_s=12.8",
        "family=megatron|zero_stage=1|sequence_parallel=True|measured_step_time=12.8"
        "|virtual_stages=None|recompute=None",
    ),
    "torchtitan on H100, one dimension": (
        "framework=torchtitan|model_name=Llama 3.1 8B|gpu=NVIDIA H100 80GB HBM3|n_gpus=128"
        "|dtype=float8 tensorwise + compile|tp=1|pp=1|cp=1|fsdp_or_zero_stage=FSDP|micro_batch=2"
        "|global_batch_seqs=256|seq_len=8192|recompute=selective (op)"
        "|reported_tokens_per_s_per_gpu=7040",
        "family=fsdp|precision=fp8|fp8_scaling=current|data_parallel=128|recompute=selective"
        "|accelerator_alternatives=()",
    ),
    "torchtitan on H100, three dimensions": (
        "framework=TorchTitan (FSDP2 + async TP)|model_name=Llama3.1 405B|gpu=H100|n_gpus=512"
        "|dtype=float8|tp=8|pp=8|dp=8|seq_len=8192|recompute=full AC"
        "|reported_tokens_per_s_per_gpu=100",
        "zero_stage=3|global_batch_size=None|micro_batch_size=None|context_parallel=1"
        "|accelerator_alternatives=('h100-pcie', 'h100-nvl')",
    ),
    "torchtitan with groups that shard": (
        "framework=torchtitan|model_name=Llama 3 70B|gpu=H100-SXM|n_gpus=256|dtype=bf16|tp=8|pp=1"
        "|cp=1|fsdp_or_zero_stage=HSDP (shard 8 x replicate 4)|seq_len=8192|micro_batch=1"
        "|recompute=every 2nd layer|reported_tokens_per_s_per_gpu=829",
        "hybrid_sharding=True|shard_group=8|data_parallel=32|recompute_share=0.5",
    ),
    "Levanter on TPU v3": (
        "framework=Levanter (JAX)|model_name=GPT-2 1.5B|n_layers=48|hidden=1600|n_heads=25"
        "|vocab=50257|gpu=TPU v3|n_gpus=256|dtype=bf16|tp=1|pp=1|dp=256|seq_len=1024"
        "|fsdp_or_zero_stage=fully sharded|micro_batch=2|global_batch_seqs=512|recompute=yes"
        "|reported_mfu=51.9%|flops_convention=6ND",
        "family=xla|architecture_basis=catalogue gpt2-xl|zero_stage=3|recompute=full",
    ),
    "PaLM on TPU v4": (
        "framework=Pathways/T5X|model_name=PaLM 540B|n_params_total=540350000000|gpu=TPU v4"
        "|n_gpus=6144|dtype=bf16|global_batch_seqs=2048|seq_len=2048|recompute=full"
        "|fsdp_or_zero_stage=2D: 12-way model x 256-way FSDP per pod, 2 pods DP"
        "|reported_mfu=46.2%|flops_convention=model FLOPs, 6N + 12LHQT (full attention)",
        "tensor_parallel=12|data_parallel=512|shard_group=256|pipeline_parallel=1|family=xla",
    ),
    "OLMo with a node as the group": (
        "framework=OLMo-core|model_name=OLMo 2 13B|gpu=H100|n_gpus=512|gpus_per_node=8|dtype=bf16"
        "|tp=1|pp=1|cp=1|fsdp_or_zero_stage=HSDP within node|global_batch_seqs=2048|seq_len=4096"
        "|reported_tflops_per_gpu=400|flops_convention=full attention",
        "shard_group=8|data_parallel=512|family=fsdp",
    ),
    "OLMo on AMD": (
        "framework=PyTorch FSDP|model_name=OLMo-7B|gpu=MI250X|n_gpus=1024|fsdp_or_zero_stage=zero3"
        "|micro_batch=2|global_batch_seqs=2048|seq_len=2048|reported_tokens_per_s_per_gpu=570",
        "accelerator=mi250x|precision=None|tensor_parallel=None|data_parallel=None",
    ),
    "picotron with its accumulation in the notes": (
        "framework=picotron|model_name=Llama-2-7B|gpu=H100|n_gpus=64|dtype=bf16|tp=4|pp=2|dp=4"
        "|cp=2|micro_batch=4|seq_len=2048|reported_mfu=38|notes=GA=32",
        "family=fsdp|global_batch_size=512|zero_stage=None",
    ),
    "MegaScale": (
        "framework=MegaScale|model_name=GPT 175B|n_layers=96|hidden=12288|n_heads=96|vocab=64000"
        "|gpu=A100|n_gpus=12288|dtype=bf16|tp=8|pp=8|vpp=6|dp=192|fsdp_or_zero_stage=zero2"
        "|sequence_parallel=yes|micro_batch=1|global_batch_seqs=6144|seq_len=2048"
        "|reported_step_time_s=6.34|reported_mfu=0.552",
        "family=megatron|virtual_stages=6|zero_stage=2|context_parallel=1|measured_step_time=6.34",
    ),
    "DeepSeek-V3 on H800": (
        "framework=HAI-LLM (DualPipe)|model_name=DeepSeek-V3 671B-A37B|gpu=H800|n_gpus=2048"
        "|dtype=fp8|tp=1|pp=16|dp=128|ep=64|fsdp_or_zero_stage=ZeRO-1|global_batch_seqs=15360"
        "|seq_len=4096|reported_tokens_per_s_per_gpu=1550|notes=fp8 blockwise 1x128 / 128x128; MTP"
        "|recompute=RMSNorm, MLA up-projection (selective)",
        "schedule=3|precision=fp8-block|expert_parallel=64|recompute=selective|mixture=True",
    ),
    "Colossal-AI": (
        "framework=Colossal-AI (Gemini)|model_name=LLaMA3-70B|gpu=H100 80GB|n_gpus=64|dtype=bf16"
        "|tp=1|pp=1|dp=64|fsdp_or_zero_stage=Gemini|micro_batch=4|seq_len=4096|recompute=yes"
        "|reported_tokens_per_s_per_gpu=1100",
        "family=fsdp|zero_stage=3|context_parallel=1|recompute=full",
    ),
    "Ascend 910B": (
        "framework=MindSpeed-LLM|model_name=Llama2-70B|gpu=Ascend 910B|n_gpus=512|dtype=bf16|tp=8"
        "|pp=8|dp=8|fsdp_or_zero_stage=distributed optimizer|micro_batch=1|global_batch_seqs=1024"
        "|seq_len=4096|recompute=full|reported_tflops_per_gpu=190",
        "family=megatron|accelerator=ascend-910b2|zero_stage=1",
    ),
    "Nanotron with units in its cells": (
        "framework=Nanotron|model_name=Llama 3.2 1B|gpu=H100-80G|n_gpus=8 GPUs|dtype=bfloat16|tp=2"
        "|pp=2|dp=2|fsdp_or_zero_stage=ZeRO-1|micro_batch=2|global_batch_seqs=64 (256k tokens)"
        "|seq_len=4k|reported_step_time_s=1500 ms",
        "family=fsdp|measured_step_time=1.5|num_gpus=8|seq_length=4096",
    ),
    "Accelerate": (
        "framework=HF Trainer + Accelerate|model_name=Mistral-7B|gpu=A100-80G|n_gpus=8"
        "|dtype=bf16-mixed|fsdp_or_zero_stage=FSDP FULL_SHARD|micro_batch=1|global_batch_seqs=64"
        "|seq_len=8192|recompute=activation checkpointing|reported_tokens_per_s_per_gpu=2550",
        "family=fsdp|zero_stage=3|accelerator=a100-sxm-80gb|architecture_inferred=False",
    ),
    "Mixtral with an MFU in percent": (
        "framework=Megatron-Core|model_name=Mixtral 8x22B|gpu=H100|n_gpus=128|dtype=bf16|tp=2|pp=8"
        "|cp=1|ep=8|fsdp_or_zero_stage=distributed optimizer|micro_batch=1|global_batch_seqs=256"
        "|seq_len=4096|reported_mfu=49.3|flops_convention=MFU, causal not halved",
        "mixture=True|data_parallel=8|expert_parallel=8|token_drop=False",
    ),
    "experts without their parallelism": (
        "framework=Megatron-Core|model_name=Mixtral 8x7B|gpu=H100|n_gpus=64|dtype=bf16|tp=4|pp=1"
        "|cp=1|global_batch_seqs=256|seq_len=4096|reported_tokens_per_s_per_gpu=4000",
        "expert_parallel=None|data_parallel=16",
    ),
    "a model of columns": (
        "framework=JAX|model_name=Grok-1 314B|n_params_total=314000000000|n_layers=64|hidden=6144"
        "|ffn_hidden=32768|n_heads=48|n_kv_heads=8|vocab=131072|n_experts=8|top_k=2|gated_mlp=yes"
        "|gpu=GB200|n_gpus=256|dtype=bf16|tp=4|pp=1|dp=64|ep=8|micro_batch=1|global_batch_seqs=1024"
        "|seq_len=8192|reported_step_time_s=9",
        "architecture_basis=columns|mixture=True|measured_step_time=9.0",
    ),
    "a data-parallel degree with context parallelism in it": (
        "framework=NeMo|model_name=Llama 3 70B|gpu=H100|n_gpus=64|dtype=bf16|tp=4|pp=4|cp=2|dp=4"
        "|global_batch_seqs=128|seq_len=32768|reported_tokens_per_s_per_gpu=700",
        "data_parallel=2|context_parallel=2|scored=True",
    ),
    "replicas of groups that shard": (
        "framework=torchtitan|model_name=Llama 3 8B|gpu=H100|n_gpus=64|dtype=bf16|tp=1|pp=1|cp=1"
        "|dp=8|fsdp_or_zero_stage=HSDP (shard=8)|global_batch_seqs=128|seq_len=8192"
        "|reported_tokens_per_s_per_gpu=6000",
        "data_parallel=64|shard_group=8|scored=True",
    ),
    "a batch in tokens": (
        "framework=Megatron-LM|model_name=Llama 3 8B|gpu=H100|n_gpus=8|dtype=bf16|tp=1|pp=1|cp=1"
        "|dp=8|global_batch_seqs=1M tokens|seq_len=8192|reported_tokens_per_s_per_gpu=9000",
        "global_batch_size=122|scored=True",
    ),
    "no number of accelerators beside a whole layout": (
        "framework=Megatron-LM|model_name=Llama 3 8B|gpu=H100|dtype=bf16|tp=2|pp=2|cp=1|dp=4"
        "|global_batch_seqs=128|seq_len=8192|reported_tokens_per_s_per_gpu=9000",
        "num_gpus=16|scored=True",
    ),
}


def row_of(text, **more):
    """Return a row from text such as gpu=H100|tp=8."""
    cells = dict(part.split("=", 1) for part in text.split("|"))
    return {"id": "one", **cells, **more}


@pytest.mark.parametrize("name", ROWS)
def test_rows_of_other_publications(name):
    written, expected = ROWS[name]
    point = point_of(row_of(written))
    stated = dict(part.split("=", 1) for part in expected.split("|"))

    assert point.reason == ""
    assert {knob: str(getattr(point, knob)) for knob in stated} == stated


PLAIN = (
    "framework=Foo|model_name=Llama 2 7B|gpu=H100|n_gpus=16|dtype=bf16|tp=2|pp=1|cp=1|dp=8"
    "|micro_batch=2|global_batch_seqs=256|seq_len=4096|reported_tokens_per_s_per_gpu=9000"
)


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("n_gpus", "-8", "n_gpus: got '-8'; needs a number above 0"),
        ("n_gpus", "many", "n_gpus: got 'many'; needs a number"),
        ("n_gpus", "16.5", "n_gpus: got '16.5'; needs a whole number of at least 1; nearest 16"),
        ("tp", "two", "tp: got 'two'; needs a number"),
        ("tp", "0", "tp: got '0'; needs a number above 0"),
        ("gpu", "Quantum Z9", "gpu: got 'Quantum Z9'; needs a known accelerator"),
        ("gpu", "", "gpu: got nothing; needs the name of an accelerator"),
        ("dp", "4", "dp: got 4, but tp 2 x pp 1 x cp 1 x dp 4 is 8 of 16 n_gpus"),
        ("tp", "3", "n_gpus: got 16, which tp 3 x pp 1 x cp 1 x dp 8 do not divide"),
        ("global_batch_seqs", "4", "global_batch_seqs: got 4; needs at least the 8 replicas of dp"),
        ("micro_batch", "64", "micro_batch: got 64 on 8 replicas; needs at most 32"),
        ("model_name", "Nemotron_3_Super", "model_name: got 'Nemotron_3_Super', whose layers"),
        ("model_name", "", "model_name: got ''"),
        ("row_kind", "simulated", "row_kind: got 'simulated'; needs a measurement"),
        ("reported_tokens_per_s_per_gpu", "", "no rate: got nothing in"),
        ("reported_tokens_per_s_per_gpu", "144000", "tokens/s: takes 6.24 times the peak"),
    ],
)
def test_rows_that_cannot_be_scored_say_why(column, cell, reason):
    point = point_of(row_of(PLAIN, **{column: cell}))

    assert not point.scored
    assert point.reason.startswith(reason)


@pytest.mark.parametrize("column", [part.split("=")[0] for part in PLAIN.split("|")])
@pytest.mark.parametrize("cell", ["", "?", "x" * 9000, "1e400", "-3", "99999999999999999999"])
def test_any_cell_may_hold_anything(column, cell):
    """A point comes of every row: scored, or with a reason."""
    point = point_of(row_of(PLAIN, **{column: cell}))

    assert point.scored != bool(point.reason)
    assert hash(point.configuration)


def test_the_nearest_legal_degree_is_named():
    assert point_of(row_of(PLAIN, dp="4")).reason.endswith("nearest dp 8")


def test_a_row_of_nothing_is_a_point_with_a_reason():
    point = point_of({"id": "empty", "gpu": ""})

    assert not point.scored
    assert point.tensor_parallel is None


def test_the_step_time_of_palm():
    """6 x 540.35e9 + 12 x 118 x 48 x 256 x 2048 FLOP a token, 2,048 x 2,048 tokens on 6,144 chips.

    Their MFU of 46.2% of 275 TFLOP/s (arXiv 2204.02311, section 4.1) gives 17.6 s; the paper's
    own count of parameters holds the output matrix once, as here.
    """
    flop = 6 * 540.35e9 + 12 * 118 * 48 * 256 * 2048
    expected = flop * 2048 * 2048 / (6144 * 0.462 * 275e12)

    assert point_of(row_of(ROWS["PaLM on TPU v4"][0])).measured_step_time == pytest.approx(
        expected, rel=0.002
    )


def test_an_mfu_of_fp8_without_a_peak_has_both_peaks_in_the_band():
    """The dense FP8 peak of H100 is twice that of BF16, so the time halves."""
    text = PLAIN.replace("dtype=bf16", "dtype=fp8").replace(
        "reported_tokens_per_s_per_gpu=9000", "reported_mfu=0.25|flops_convention=full attention"
    )
    found = point_of(row_of(text))

    assert found.measured_high == pytest.approx(2 * found.measured_step_time, rel=0.03)


def test_a_stated_peak_counts():
    text = PLAIN.replace("dtype=bf16", "dtype=fp8").replace(
        "reported_tokens_per_s_per_gpu=9000",
        "reported_mfu=0.5|flops_convention=full attention; MFU against the bf16 peak",
    )
    bf16 = point_of(row_of(text.replace("dtype=fp8", "dtype=bf16")))

    assert point_of(row_of(text)).measured_step_time == bf16.measured_step_time


def test_a_measured_rate_becomes_a_time_once_the_batch_is_known():
    """100 sequences of 4,096 at 9,000 token/s/GPU on 16 take 2.84 s."""
    found = point_of(row_of(PLAIN, global_batch_seqs="", micro_batch=""))

    assert found.scored
    assert found.measured_step_time is None
    assert found.measurement.step_times(100, 4096, 16)[0] == pytest.approx(100 * 4096 / 9000 / 16)


def test_the_configuration_tells_no_source_and_no_measurement():
    one = point_of(row_of(PLAIN, source_short="a", reported_tokens_per_s_per_gpu="9100"))
    two = point_of(row_of(PLAIN, source_short="b", source_date="2024"))

    assert one.configuration == two.configuration
    assert one.configuration != point_of(row_of(PLAIN, tp="4", dp="4")).configuration
    assert hash(one.configuration)


def write(path, rows):
    """Write rows as a CSV file with the columns they name."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(stream.getvalue(), encoding="utf-8")
    return path


def test_columns_in_any_order_and_more_of_them(tmp_path):
    row = row_of(PLAIN, colour="red")
    path = write(tmp_path / "x.csv", [dict(reversed(row.items()))])

    (point,) = read_points(path)

    assert point.scored
    assert point.model == "Llama 2 7B"


def test_headers_with_units_and_capitals(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("\ufeffID,GPU,N_GPUs [GPU],seq len [token]\na,H100,8,4096\n", encoding="utf-8")

    (point,) = read_points(path)

    assert (point.accelerator, point.num_gpus, point.seq_length) == ("h100-sxm", 8, 4096)


def test_rows_without_an_id_are_numbered(tmp_path):
    rows = [row_of(PLAIN, id=""), row_of(PLAIN, id="b"), row_of(PLAIN, id="")]

    found = [p.id for p in read_points(write(tmp_path / "x.csv", rows))]

    assert found == ["row 1", "b", "row 3"]


def test_a_row_with_too_many_cells_says_so(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("id,gpu\na,H100,8\n", encoding="utf-8")

    assert "3 cells under 2 headers" in read_points(path)[0].reason


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"id,model\na,b\n", "has no column gpu"),
        (b"gpu,model\na,b\n", "has no column id"),
        (b"", "is empty"),
        (b"id,gpu,gpu\na,b,c\n", "twice"),
        (b"id,gpu\na,H100\na,H100\n", "already the id"),
        (b"id,gpu\n\xff\xfe,H100\n", "not UTF-8"),
        (b"id,gpu\n\0,H100\n", "zero byte"),
        (b'id,gpu\n"a,H100\n', "not CSV"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, content, message):
    path = tmp_path / "x.csv"
    path.write_bytes(content)

    with pytest.raises(DataError, match=message):
        read_points(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="cannot be opened"):
        read_points(tmp_path / "no.csv")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(DataError, match="cannot be opened"):
        read_points(tmp_path)
