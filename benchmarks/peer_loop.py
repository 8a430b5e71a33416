"""The peer's half of `sweep.py`: llm-analysis on layouts, one after another, in its own Python.

Reads layouts as JSON from standard input, evaluates each with `llm_analysis.analysis.train`, and
writes one line of JSON: layouts a second, and what it computes for the first.
"""

import json
import sys
import time
from importlib.metadata import version

from llm_analysis.analysis import train

MODEL, GPU, EFFICIENCY = "facebook_opt-66b", "h100-sxm-80gb", 0.5


def answer(run, layout):
    """Return what the peer says of one layout."""
    return train(
        model_name=MODEL,
        gpu_name=GPU,
        log_level="CRITICAL",
        batch_size_per_gpu=layout["micro_batch"],
        global_batch_size=run["batch"],
        seq_len=run["seq_length"],
        total_num_tokens=run["tokens"],
        activation_recomputation=2 if layout["full"] else layout["selective"],
        ds_zero=layout["zero"],
        tp_size=layout["tp"],
        pp_size=layout["pp"],
        total_num_gpus=run["gpus"],
        flops_efficiency=EFFICIENCY,
    )


def main():
    """Evaluate every layout once, after one that is not timed."""
    run = json.load(sys.stdin)
    first = answer(run, run["layouts"][0])
    start = time.perf_counter()
    for layout in run["layouts"]:
        answer(run, layout)
    seconds = time.perf_counter() - start
    told = {
        "version": version("llm-analysis"),
        "layouts": len(run["layouts"]),
        "rate": len(run["layouts"]) / seconds,
        "parameters": first["num_params_total"],
        "step": first["latency_per_iter"],
        "gpu_hours": first["gpu_hours"],
        "memory": first["(weight+op_state+grad+act)_memory_per_gpu"],
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
