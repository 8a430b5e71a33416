"""Llama 3.1 405B on 16,000 H100s over 15T tokens, beside the $35M to $200M that is cited for it."""

from llmcost import Q, estimate

run = estimate(model="llama-3.1-405b", tokens="15T", gpu="h100-sxm", num_gpus=16000)
low, high = run.interval("cost")
print(f"Our cost: {run.cost.to('USD'):.3g~} ({low:.3g~} to {high:.3g~})")

for claimed in (Q("$35M"), Q("$200M")):
    implied = claimed / run.gpu_hours
    print(f"{claimed.magnitude / 1e6:.0f} M USD would be {implied.magnitude:.2f} USD/GPU/hour")
