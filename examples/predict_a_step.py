"""Llama 3.1 70B on 64 H100s: the predicted step by part, and the layouts to choose from."""

from llmcost import estimate, find_layouts

run = estimate(
    "llama-3.1-70b",
    tokens="1T",
    gpu="h100-sxm",
    num_gpus=64,
    layout="tp=4,pp=4",
    global_batch_size=256,
)
low, high = run.interval("step_time")
print(f"{run.step['layout']}: a step takes {run.step_time:.3g~} ({low:.3g~} to {high:.3g~})")
for part, time in run.step["parts"].items():
    if time["value"]:
        print(f"  {part:<20} {time['value']:7.3f} s {time['share']:6.1%}")
print(f"  in {run.memory['total']['value']:.1f} GB, {run.memory['headroom']['value']:.1f} GB free")

found = find_layouts(
    "llama-3.1-70b", gpu="h100-sxm", num_gpus=64, global_batch_size=256, best=3
).to_dict()
for row in found["results"]:
    print(f"{row['layout']}: {row['step_time']:.1f} s, {row['headroom'] / 1e9:.1f} GB free")
for rival in found["rivals"]:
    print(f"{rival['name']}: {rival['verdict']}")
