"""Rent, own or buy: one run on every basis of cost, and which assumption decides."""

from llmcost import Distribution, estimate, find_sensitivities

RUN = {"model": "llama-3.1-70b", "tokens": "15T", "gpu": "h100-sxm", "num_gpus": 4096, "mfu": "40%"}
OWNER = {
    "region": "virginia",
    "pue": Distribution.uniform(1.1, 1.3),
    "server_price": ("30,000 USD/GPU", "40,000 USD/GPU"),
    "cost_of_capital": "8%",
}

run = estimate(**RUN, **OWNER, scope="development")
for name in ("cost", "owned_cost", "acquisition_cost", "development_cost", "energy", "carbon"):
    low, high = run.interval(name)
    print(f"{name:18} {getattr(run, name):.3g~}  ({low:.3g~} to {high:.3g~})")

decisive = find_sensitivities(**RUN, **OWNER, of="owned_cost").influences[0]
print(f"\nWhat moves the owner's cost most: {decisive.input}")
