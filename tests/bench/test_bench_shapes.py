"""Which products a model has, and that shapes pass between processes."""

import json

import pytest

from llmcost.bench.shapes import (
    Gemm,
    Shape,
    grid,
    model_gemms,
    shape_from,
    small_shape,
    usual_shape,
    with_layers,
)
from llmcost.catalog.architecture import architecture_from_config
from llmcost.catalog.models import model
from llmcost.counting import count


def shape_of(name, tokens):
    architecture, _ = architecture_from_config(model(name).config)
    return Shape(name, architecture, tokens, 1)


def test_products_of_llama_3_8b():
    """Hidden 4096, 32 heads and 8 shared ones of 128, MLP 14,336, vocabulary 128,256."""
    assert model_gemms(shape_of("llama-3.1-8b", 2048)) == (
        Gemm("qkv", 2048, (32 + 2 * 8) * 128, 4096),
        Gemm("attention out", 2048, 4096, 4096),
        Gemm("mlp up", 2048, 2 * 14336, 4096),
        Gemm("mlp down", 2048, 4096, 14336),
        Gemm("head", 2048, 128256, 4096),
    )


def test_products_of_experts_have_their_share_of_the_tokens():
    """Mixtral 8x7B sends a token to 2 of 8 experts of width 14,336."""
    found = {gemm.role: gemm for gemm in model_gemms(shape_of("mixtral-8x7b", 4096))}

    assert found["expert up"] == Gemm("expert up", 1024, 2 * 14336, 4096)
    assert found["expert down"] == Gemm("expert down", 1024, 4096, 14336)


def test_products_of_latent_attention():
    """DeepSeek-V3: ranks 1536 and 512, rotary 64, 128 heads of 128 + 64 and values of 128."""
    found = {gemm.role: gemm for gemm in model_gemms(shape_of("deepseek-v3", 4096))}

    assert found["latent down"] == Gemm("latent down", 4096, 1536 + 512 + 64, 7168)
    assert found["queries up"] == Gemm("queries up", 4096, 128 * 192, 1536)
    assert found["keys and values up"] == Gemm("keys and values up", 4096, 128 * 256, 512)


@pytest.mark.parametrize("name", ["llama-3.1-8b", "mixtral-8x7b", "deepseek-v3"])
def test_products_multiply_all_weights_that_a_token_meets(name):
    """Two FLOP a weight and token: the layer's products are those of counting, but routers.

    Experts: of each token's, all products of one expert stand for one of those it visits.
    """
    shape = shape_of(name, 4096)
    gemms, mlp = model_gemms(shape), shape.layer.mlp
    weights = sum(
        gemm.k * gemm.n * (mlp.experts_per_token if gemm.role.startswith("expert") else 1)
        for gemm in gemms
    )
    one = count(with_layers(shape.architecture, shape.layer, 1)).matmul_parameters
    hidden = shape.architecture.hidden_size
    aside = hidden * mlp.experts + (3 * hidden * mlp.shared_width if mlp.experts else 0)

    assert weights == one - aside


@pytest.mark.parametrize("shape", [small_shape(), shape_of("mixtral-8x7b", 4096)])
def test_shapes_pass_as_json(shape):
    assert shape_from(json.loads(json.dumps(shape.as_dict()))) == shape


def test_the_model_of_a_processor_has_5_3_million_parameters():
    """Counted by hand: 2 x 4096 x 256, 4 (4 x 256^2 + 3 x 256 x 688 + 2 x 256), a norm of 256."""
    by_hand = 2 * 4096 * 256 + 4 * (4 * 256**2 + 3 * 256 * 688 + 512) + 256

    assert count(small_shape().architecture).parameters == by_hand
    assert round(by_hand / 1e6, 1) == 5.3


def test_an_accelerator_is_measured_with_a_model_of_its_size():
    shape = usual_shape("cuda")

    assert (shape.name, shape.architecture.hidden_size, shape.tokens) == (
        "llama-3.1-8b",
        4096,
        4096,
    )


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_grids_grow_with_effort_and_end_in_odd_sides(kind):
    quick, normal, full = (grid(kind, effort) for effort in ("quick", "normal", "full"))

    assert set(quick) < set(normal) <= set(full)
    assert normal[-1].role == full[-1].role == "odd"
    assert all(side % 2 for side in (full[-1].m, full[-1].n, full[-1].k))
