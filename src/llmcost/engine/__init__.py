"""The one engine: columns in, columns out."""

from llmcost.engine.memory import PARTS as MEMORY_PARTS
from llmcost.engine.memory import fits, memory
from llmcost.engine.step import PARTS as STEP_PARTS
from llmcost.engine.step import step
from llmcost.engine.whole_run import INPUTS, OUTPUTS, run, training_flop

__all__ = [
    "INPUTS",
    "MEMORY_PARTS",
    "OUTPUTS",
    "STEP_PARTS",
    "fits",
    "memory",
    "run",
    "step",
    "training_flop",
]
