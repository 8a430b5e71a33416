"""What 10 million dollars buy: tokens of three models on three accelerators, rented on demand."""

from llmcost import estimate

BUDGET = 10e6  # [USD]
MODELS = ("llama-3.1-8b", "llama-3.1-70b", "llama-3.1-405b")
GPUS = ("h100-sxm", "b200-sxm", "mi300x")
TRIAL = 1e12  # [token]


def tokens_bought(model: str, gpu: str) -> tuple[float, ...]:
    """Return the tokens [token] the budget trains on: middle, and 10th and 90th percentile."""
    trial = estimate(model, tokens=TRIAL, gpu=gpu, num_gpus=1024)
    low, high = trial.interval("cost")
    # Cost grows in proportion to tokens, so the budget buys its own share of the trial's.
    return tuple(TRIAL * BUDGET / cost.magnitude for cost in (trial.cost, high, low))


print(f"{BUDGET / 1e6:.0f} million USD on 1,024 accelerators, at the latest prices:\n")
for model in MODELS:
    for gpu in GPUS:
        middle, fewest, most = tokens_bought(model, gpu)
        run = estimate(model, tokens=middle, gpu=gpu, num_gpus=1024)
        optimal = run.compute_optimal_ratio.magnitude
        print(
            f"{model:15} {gpu:9} {middle / 1e12:6.2f}T tokens ({fewest / 1e12:.2f}T to "
            f"{most / 1e12:.2f}T) in {run.wall_clock.to('day').magnitude:4.0f} days, "
            f"{optimal:,.1f} times the compute-optimal"
        )
        assert abs(run.cost.magnitude / BUDGET - 1) < 1e-6
