"""Names of models and accelerators as publications write them."""

import pytest

from llmcost.studies.validation.devices import device
from llmcost.studies.validation.naming import catalogue_model, has_other_layers, stated_sizes
from llmcost.studies.validation.shapes import shape_of
from llmcost.studies.validation.stated import Stated


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Llama 3.1 405B", "llama-3.1-405b"),
        ("Llama3 405B", "llama-3.1-405b"),
        ("LLAMA3-70B", "llama-3-70b"),
        ("Llama 2 70B", "llama-2-70b"),
        ("LLAMA 2 70B LoRA", "llama-2-70b"),
        ("Meta-Llama-3-8B", "llama-3-8b"),
        ("meta-llama/Llama-3.1-8B", "llama-3.1-8b"),
        ("Llama 3 8B (TP ablation)", "llama-3-8b"),
        ("LLaMA 65B", "llama-65b"),
        ("DeepSeek-V3 671B", "deepseek-v3"),
        ("DeepSeekV3", "deepseek-v3"),
        ("DeepSeek-V2 236B-A21B", "deepseek-v2"),
        ("DeepSeek-V2-Lite 16B", "deepseek-v2-lite"),
        ("Qwen3 235B-A22B", "qwen3-235b-a22b"),
        ("Qwen3_30B_a3B", "qwen3-30b-a3b"),
        ("Qwen 2.5 7B", "qwen2.5-7b"),
        ("GPT-OSS 120B", "gpt-oss-120b"),
        ("Mixtral 8x7B", "mixtral-8x7b"),
        ("Mistral 7B", "mistral-7b-v0.1"),
        ("Nemotron-4 340B", "nemotron-4-340b"),
        ("GPT-3 (175B)", "gpt-3-175b"),
        ("GPT3-175B", "gpt-3-175b"),
        ("GPT-2 (1.5B)", "gpt2-xl"),
        ("PaLM 540B", "palm-540b"),
        ("BLOOM-176B", "bloom-176b"),
        ("Gemma2-9B", "gemma-2-9b"),
        ("Llama 4 Maverick 400B", "llama-4-maverick"),
        ("GLM-4.5-Air 106B-A12B", "glm-4.5-air"),
        ("Kimi K2 1T", "kimi-k2"),
        ("Command R+", "command-r-plus-104b"),
        ("OLMo 2 1124 7B", "olmo-2-7b"),
    ],
)
def test_names_that_mean_a_model_of_the_catalogue(text, name):
    assert catalogue_model(text).name == name


@pytest.mark.parametrize(
    "text",
    [
        *("Llama 70B", "GPT-3 13B", "GPT-3 (13B)", "PaLM-62B", "MPT-70b", "Qwen-72B", "OPT 30B"),
        *("DeepSeekV4 Flash", "GPT-2 8B", "GPT 22B", "T5-11B", "Nemotron-340B", ""),
    ],
)
def test_names_that_mean_none_or_several(text):
    assert catalogue_model(text) is None


def test_sizes_in_names():
    assert stated_sizes("GPT 13B") == (13e9, None)
    assert stated_sizes("Foo 300B-A47B") == (300e9, 47e9)
    assert stated_sizes("GPT 1T") == (1e12, None)
    assert stated_sizes("MPT-125m") == (125e6, None)
    assert stated_sizes("Mixtral 8x7B") == (None, None)


def test_models_with_other_layers():
    assert has_other_layers("Nemotron_3_Super")
    assert has_other_layers("Jamba 1.5")
    assert not has_other_layers("Nemotron-4 340B")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A100", "a100-sxm-80gb"),
        ("A100 (SKU not stated)", "a100-sxm-80gb"),
        ("A100-SXM4-40GB", "a100-sxm-40gb"),
        ("NVIDIA A100-SXM4-80GB", "a100-sxm-80gb"),
        ("A100-80G", "a100-sxm-80gb"),
        ("A100 40GB PCIe", "a100-pcie-40gb"),
        ("A800", "a800-sxm-80gb"),
        ("A800-SXM4-80GB", "a800-sxm-80gb"),
        ("Ascend 910", "ascend-910"),
        ("Ascend 910B", "ascend-910b2"),
        ("Huawei Ascend 910B2 NPU", "ascend-910b2"),
        ("B200", "b200"),
        ("B300 (288GB)", "b300"),
        ("GB200 NVL72", "gb200"),
        ("GB300", "gb300"),
        ("GH200", "gh200-144gb"),
        ("Gaudi2", "gaudi2"),
        ("Intel Gaudi 2", "gaudi2"),
        ("H100", "h100-sxm"),
        ("8x H100 80GB", "h100-sxm"),
        ("NVIDIA H100 80GB HBM3", "h100-sxm"),
        ("H100 (SXM, 80GB)", "h100-sxm"),
        ("DGX H100", "h100-sxm"),
        ("H100 PCIe 80GB", "h100-pcie"),
        ("H100-SXM-96GB-HBM2e (Meta Grand Teton, 500W)", "h100-sxm-96gb"),
        ("H200-NVL-141GB", "h200-nvl"),
        ("H200-SXM5-141GB", "h200-sxm"),
        ("H800-SXM5-80GB", "h800-sxm"),
        ("L40S", "l40s"),
        ("AMD Instinct MI300X (192GB)", "mi300x"),
        ("MI325X", "mi325x"),
        ("MI350X", "mi350x"),
        ("MI355X", "mi355x"),
        ("MI250X GCD", "mi250x"),
        ("TPU v3", "tpu-v3"),
        ("TPU v4", "tpu-v4"),
        ("TPUv4", "tpu-v4"),
        ("v5p-128", "tpu-v5p"),
        ("TPU v5 lite", "tpu-v5e"),
        ("TPU v6e", "tpu-v6e"),
        ("TPU v7x (Ironwood)", "tpu-v7"),
        ("V100-SXM2-32GB", "v100-sxm-32gb"),
        ("V100-SXM3-32GB (DGX-2)", "v100-sxm3-32gb"),
        ("Trainium2", "trainium2"),
        ("NVIDIA GeForce RTX 4090 24GB", "rtx-4090"),
    ],
)
def test_accelerators_as_publications_name_them(text, name):
    assert device(text).name == name


def test_a_bare_name_keeps_the_parts_it_may_mean():
    assert device("H100").alternatives == ("h100-pcie", "h100-nvl")
    assert device("Ascend 910B").alternatives == ("ascend-910b1", "ascend-910b3", "ascend-910b4")
    assert device("H100 (SXM, 80GB)").alternatives == ()


def test_several_accelerators_in_turn_are_none():
    found = device("mixed A100-40GB then H100-80GB")

    assert found.name is None
    assert "a100-sxm-40gb or h100-sxm" in found.reason


@pytest.mark.parametrize("text", ["H1000", "Quantum Z9", ""])
def test_accelerators_that_nobody_knows_say_what_is_near(text):
    found = device(text)

    assert found.name is None
    assert found.reason.startswith("gpu: got")


def test_a_model_of_a_size_only_is_stretched_and_says_so():
    """13 billion parameters: LLaMA 13B has 13.016 billion with 40 layers."""
    found = shape_of(Stated("Bar-13B"))

    assert found.inferred
    assert found.architecture.num_layers == 40
    assert "inferred from 1.3e+10 parameters" in found.basis


def test_a_model_of_experts_is_stretched_in_both_sizes():
    """GLaM: 1.2T parameters, 96.6B active (arXiv 2112.06905, table 1)."""
    from llmcost.counting import count

    counts = count(shape_of(Stated("GLaM", 1.2e12, 96.6e9)).architecture)

    assert counts.parameters == pytest.approx(1.2e12, rel=0.02)
    assert counts.active_parameters == pytest.approx(96.6e9, rel=0.05)


def test_columns_of_a_model_that_is_in_no_catalogue():
    """GLM-130B: 70 layers of 12,288, GeGLU of 32,768, 96 heads (arXiv 2210.02414)."""
    from llmcost.counting import count

    numbers = {"n_layers": 70, "hidden": 12288, "ffn_hidden": 32768, "n_heads": 96, "vocab": 150528}
    found = shape_of(Stated("GLM-130B", 130e9, numbers=numbers))

    assert not found.inferred
    assert "gated_mlp yes assumed" in found.basis
    assert count(found.architecture).parameters == pytest.approx(130e9, rel=0.02)


def test_groups_of_keys_must_divide_the_heads():
    numbers = {"n_layers": 4, "hidden": 4096, "n_heads": 32, "n_kv_heads": 5}
    found = shape_of(Stated("x", numbers=numbers))

    assert found.reason == "n_kv_heads: got 5; needs a divisor of the 32 n_heads, nearest 4"


def test_a_row_without_shape_size_or_known_name():
    found = shape_of(Stated("Lama 3 mystery"))

    assert found.architecture is None
    assert "n_params_total" in found.reason
