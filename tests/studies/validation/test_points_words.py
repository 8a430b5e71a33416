"""The free text of measured tables: frameworks, precisions, recomputation, sharding, remarks."""

import pytest

from llmcost.studies.validation.hints import DUAL_PIPE, ZERO_BUBBLE_H1, read_hints
from llmcost.studies.validation.sharding import read_sharding
from llmcost.studies.validation.words import (
    family,
    fp8_scaling,
    precision,
    recompute,
    recomputed_share,
    yes_or_no,
)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            "Megatron-LM; Megatron-Core; Megatron-Bridge; NVIDIA NeMo 25.02; Megatron-DeepSpeed; "
            "BLOOM's fork; GPT-NeoX; MegaScale; Primus; MLPerf v4.0; MindSpeed-LLM; HAI-LLM; "
            "Pai-Megatron-Patch; PaddlePaddle fleet; InternEvo",
            "megatron",
        ),
        (
            "llm-foundry v0.0.4 / Composer; torchtitan; PyTorch FSDP2; litgpt; OLMo-core; metaseq; "
            "picotron; Colossal-AI; Nanotron; DeepSpeed ZeRO-3; HF Trainer; Accelerate; axolotl; "
            "torchtune; veScale; Optimum-Habana; Primus (torchtitan backend); NeMo AutoModel",
            "fsdp",
        ),
        (
            "MaxText (JAX); PAX; Pathways/T5X; Levanter; Alpa; EasyLM; NxD Training; PyTorch/XLA; "
            "Mesh TensorFlow; AXLearn",
            "xla",
        ),
        ("AxoNN; Oobleck; llm.c; our own stack; MindFormers", "other"),
    ],
)
def test_frameworks_fall_into_families(names, expected):
    assert {name: family(name) for name in names.split("; ")} == dict.fromkeys(
        names.split("; "), expected
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BF16-mixed", "bf16"),
        ("bfloat16", "bf16"),
        ("amp_bf16", "bf16"),
        ("bf16 (fp8 all-gather)", "bf16"),
        ("half", "fp16"),
        ("FP8 hybrid", "fp8"),
        ("float8 rowwise", "fp8"),
        ("FP8/BF16", "fp8"),
        ("fp8 blockwise", "fp8-block"),
        ("FP8 (1x128, 128x128)", "fp8-block"),
        ("fp8-sc", "fp8-block"),
        ("FP8-MX", "mxfp8"),
        ("MXFP8", "mxfp8"),
        ("NVFP4 + bf16 attention", "nvfp4"),
        ("INT8 w/ AQT", "int8"),
        ("TF32", "tf32"),
        ("mixed", None),
        ("", None),
    ],
)
def test_precisions(text, expected):
    assert precision(text) == expected


def test_the_recipe_of_fp8_may_stand_in_the_notes():
    assert precision("fp8", "", "FP8 128x128 weights / 1x128 activations") == "fp8-block"
    assert precision("bf16", "", "FP8 128x128 weights") == "bf16"
    assert fp8_scaling("FP8 current (per-tensor) scaling") == "current"
    assert fp8_scaling("fp8-ds") == "delayed"
    assert fp8_scaling("fp8") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", "none"),
        ("No recompute", "none"),
        ("off", "none"),
        ("full", "full"),
        ("Full AC", "full"),
        ("full + offload", "full"),
        ("gradient checkpointing", "full"),
        ("yes", "full"),
        ("every 2nd layer", "full"),
        ("8/32 layers", "full"),
        ("selective (op)", "selective"),
        ("mla_up_proj, moe_act", "selective"),
        ("save_dot_except_mlp", "selective"),
        ("minimal", "selective"),
        ("", None),
        ("unknown", None),
        ("layer-wise", None),
    ],
)
def test_recomputation(text, expected):
    assert recompute(text) == expected


def test_recomputation_may_stand_in_the_notes():
    assert recompute("", "recompute_modules=['layernorm', 'moe_act']") == "selective"
    assert recompute("", "remat=full") == "full"
    assert recompute("", "recompute_modules=None (no recompute override in recipe)") is None


@pytest.mark.parametrize(
    ("text", "share"),
    [("full 4 layers", 0.25), ("8/32 layers", 0.25), ("every other layer", 0.5), ("full", None)],
)
def test_the_share_of_recomputed_layers(text, share):
    """Megatron counts the layers in each stage: 4 in each of 2 stages of 32 layers."""
    assert recomputed_share(text, "", layers=32, stages=2) == share


def test_layers_of_a_stage_need_the_stages():
    assert recomputed_share("full 4 layers", "", layers=32, stages=None) is None


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("zero1 (distributed optimizer)", 1),
        ("distributed optimizer", 1),
        ("stage1", 1),
        ("ZeRO-1", 1),
        ("zero2 (SHARD_GRAD_OP)", 2),
        ("zero2-like FSDP (params not resharded after forward)", 2),
        ("FSDP2 (no reshard after forward)", 2),
        ("DeepSpeed ZeRO Stage-2", 2),
        ("zero3 (FULL_SHARD)", 3),
        ("FSDP2", 3),
        ("FSDP", 3),
        ("Gemini", 3),
        ("none (DDP)", 0),
        ("zero0", 0),
        ("no", 0),
        ("", None),
        ("unknown", None),
        ("something else", None),
    ],
)
def test_stages_of_sharding(text, stage):
    """The version in FSDP2 is not a stage."""
    assert read_sharding(text).stage == stage


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("zero3 (FSDP over ICI), DP over 8 slices (DCN)", 32),
        ("HSDP (shard=8, replicate=32)", 8),
        ("dp_shard=64, dp_replicate=4", 64),
        ("HYBRID_SHARD", 8),
        ("ZeRO-3 within node, DP across nodes", 8),
        ("FSDP + DP 4", 64),
        ("FSDP=64", 64),
        ("FSDP=256", None),
        ("zero3 (FSDP over ICI)", None),
        ("zero3 (FULL_SHARD)", None),
        ("HSDP", None),
    ],
)
def test_the_devices_that_shard_together(text, group):
    """Of 256 data-parallel devices, 8 in a node."""
    assert read_sharding(text).group_of(256, 1, 8) == group


def test_hybrid_sharding_without_a_size_is_known_to_be_hybrid():
    assert read_sharding("HSDP").hybrid
    assert not read_sharding("zero3 (FSDP over ICI)").hybrid


def test_bounds_of_a_group_may_stand_in_the_notes():
    """128 to 256 devices shard: 64 devices are one group, 512 are several."""
    found = read_sharding("zero3 (FSDP)+DP", "", "FSDP within 128-256 GPUs + DP")

    assert found.group_range == (128, 256)
    assert found.group_of(64, 1, 8) == 64
    assert found.group_of(512, 1, 8) is None


def test_two_dimensions_of_a_pod():
    """PaLM: 12-way model and 256-way data parallelism in each of two pods."""
    found = read_sharding("2D: 12-way model x 256-way FSDP per pod, 2 pods DP")

    assert (found.stage, found.tensor, found.group, found.replicas) == (3, 12, 256, 2)


def test_the_framework_states_sharding_where_the_cell_does_not():
    assert read_sharding("", "DeepSpeed ZeRO-3").stage == 3
    assert read_sharding("", "PyTorch FSDP").stage == 3
    assert read_sharding("", "Megatron-LM").stage is None


def test_remarks_tell_what_is_hidden():
    assert read_hints("a2a_overlap=True").overlap_expert is True
    assert read_hints("a2a_overlap=False").overlap_expert is False
    assert read_hints("tp comm overlap").overlap_tensor is True
    assert read_hints("overlap off").overlap_data is False
    assert read_hints("fast").overlap_data is None


def test_remarks_tell_the_schedule():
    assert read_hints("DualPipe").schedule == DUAL_PIPE
    assert read_hints("ZB-H1 zero bubble schedule").schedule == ZERO_BUBBLE_H1


def test_remarks_tell_of_tokens_dropped():
    assert read_hints("token drop, capacity factor 1.0").token_drop is True
    assert read_hints("MoE token-dropless with force-balanced routing").token_drop is False
    assert read_hints("").token_drop is None


def test_remarks_tell_of_links_and_batches():
    """1,600 Gbit/s are 200 GB/s; four links of 100 Gbit/s are 50 GB/s."""
    assert read_hints("RoCE 1600 Gb/s per node").node_bandwidth == 200e9
    assert read_hints("4x 100 Gb/s Omni-Path per node").node_bandwidth == 50e9
    assert read_hints("grad_accum=4").micro_batches == 4
    assert read_hints("GA=1 (16)").micro_batches is None


def test_yes_and_no():
    assert [yes_or_no(t) for t in ("Yes", "true (SP)", "0", "off", "maybe", "")] == [
        True,
        True,
        False,
        False,
        None,
        None,
    ]
