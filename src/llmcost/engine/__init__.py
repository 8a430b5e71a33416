"""The one engine: columns in, columns out."""

from llmcost.engine.whole_run import INPUTS, OUTPUTS, run, training_flop

__all__ = ["INPUTS", "OUTPUTS", "run", "training_flop"]
