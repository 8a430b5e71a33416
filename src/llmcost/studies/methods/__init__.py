"""Published methods of costing a run, each under its own name."""

EPOCH_2024 = "epoch-2024"
METHODS = {EPOCH_2024: "Cottier et al. 2024"}
