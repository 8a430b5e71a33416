"""Which hardware setup is best for a run? Setups side by side, in the same uncertain world."""
