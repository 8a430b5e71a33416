"""Hypothesis strategies that several tests share."""

from hypothesis import strategies as st

from llmcost.catalog.architecture import architecture_from_config

counts = st.floats(min_value=1, max_value=1e18, allow_nan=False, allow_infinity=False)
shares = st.floats(min_value=0.01, max_value=0.99)
prices = st.floats(min_value=0.01, max_value=1000)
any_text = st.text(max_size=300)
unit_names = st.sampled_from(
    ["FLOP", "token", "GPU*hour", "USD", "USD/GPU/hour", "token/s/GPU", "day", "TFLOP/s/GPU", "GiB"]
)


@st.composite
def architectures(draw):
    """Small decoder-only transformers: dense, grouped, windowed, latent, with experts."""
    kind = draw(st.sampled_from(["llama", "gpt2", "mistral", "mixtral", "deepseek_v3"]))
    heads = draw(st.sampled_from([2, 4, 6, 8]))
    width = draw(st.sampled_from([32, 64, 128]))
    layers = draw(st.integers(2, 9))
    if kind == "gpt2":
        config = {"n_embd": heads * width, "n_layer": layers, "n_head": heads}
        return architecture_from_config({"model_type": kind, **config})[0]
    config = {
        "hidden_size": heads * width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": draw(st.sampled_from([heads, heads // 2])),
        "intermediate_size": 64 * draw(st.integers(2, 12)),
        "vocab_size": 64 * draw(st.integers(4, 600)),
        "tie_word_embeddings": draw(st.booleans()),
    }
    if kind == "mistral":
        config["sliding_window"] = draw(st.sampled_from([256, 1024, 4096]))
    if kind == "mixtral":
        config |= {"num_local_experts": draw(st.sampled_from([4, 8])), "num_experts_per_tok": 2}
    if kind == "deepseek_v3":
        config |= {"n_routed_experts": 16, "n_group": 1, "topk_group": 1, "num_experts_per_tok": 4}
        config |= {"moe_intermediate_size": 256, "first_k_dense_replace": 1}
    return architecture_from_config({"model_type": kind, **config})[0]
