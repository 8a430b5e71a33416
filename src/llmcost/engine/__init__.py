"""The one engine: columns in, columns out."""

from llmcost.engine.complete import MONEY, RESULTS, complete, failures
from llmcost.engine.development import INPUTS as DEVELOPMENT_INPUTS
from llmcost.engine.development import LINES as DEVELOPMENT_LINES
from llmcost.engine.development import OUTPUTS as DEVELOPMENT_OUTPUTS
from llmcost.engine.development import OWNED_LINES as OWNED_DEVELOPMENT_LINES
from llmcost.engine.development import development, rentals
from llmcost.engine.memory import PARTS as MEMORY_PARTS
from llmcost.engine.memory import fits, memory
from llmcost.engine.ownership import COSTS as OWNED_COSTS
from llmcost.engine.ownership import INPUTS as OWNERSHIP_INPUTS
from llmcost.engine.ownership import OUTPUTS as OWNERSHIP_OUTPUTS
from llmcost.engine.ownership import ownership
from llmcost.engine.reliability import INPUTS as GOODPUT_INPUTS
from llmcost.engine.reliability import LOSSES, goodput
from llmcost.engine.reliability import OUTPUTS as GOODPUT_OUTPUTS
from llmcost.engine.step import PARTS as STEP_PARTS
from llmcost.engine.step import step
from llmcost.engine.whole_run import INPUTS, OUTPUTS, run, training_flop

__all__ = [
    "DEVELOPMENT_INPUTS",
    "DEVELOPMENT_LINES",
    "DEVELOPMENT_OUTPUTS",
    "GOODPUT_INPUTS",
    "GOODPUT_OUTPUTS",
    "INPUTS",
    "LOSSES",
    "MEMORY_PARTS",
    "MONEY",
    "OUTPUTS",
    "OWNED_COSTS",
    "OWNED_DEVELOPMENT_LINES",
    "OWNERSHIP_INPUTS",
    "OWNERSHIP_OUTPUTS",
    "RESULTS",
    "STEP_PARTS",
    "complete",
    "development",
    "failures",
    "fits",
    "goodput",
    "memory",
    "ownership",
    "rentals",
    "run",
    "step",
    "training_flop",
]
