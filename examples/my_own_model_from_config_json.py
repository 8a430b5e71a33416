"""An architecture of your own: exact counts, FLOP and a budget, without a catalogue entry."""

import json
import tempfile
from pathlib import Path

from llmcost import architecture_from_config, count, estimate

config = {
    "model_type": "qwen3_moe",
    "hidden_size": 2048,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "num_key_value_heads": 4,
    "head_dim": 128,
    "num_experts": 64,
    "num_experts_per_tok": 8,
    "moe_intermediate_size": 768,
    "vocab_size": 151936,
}
architecture, warnings = architecture_from_config(config)
counts = count(architecture)
print(f"{counts.parameters:,} parameters, {counts.active_parameters:,} of them active", *warnings)

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "config.json")
    path.write_text(json.dumps(config))
    run = estimate(str(path), tokens="1T", seq_length=4096, gpu="h100-sxm", num_gpus=256)
    print(run.to_frame().T)
