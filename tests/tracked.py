"""Tracks of our own making: a run of which much is known, and one of which little is."""

from llmcost.inputs import InputValue, Origin
from llmcost.studies.answers import Warned
from llmcost.studies.tracking.answer import RESULT_UNITS, Reading, Track

USER = Origin("user", "command line")
LOG = Origin("measured", "run.log, line 3")
GIVE = {"mfu": "needs the model: give --model", "cost": "has no price: give --price"}
# A made-up run: 8 devices, 65,536 tokens a step, 2 s a step.
KNOWN = {
    "steps": 90,
    "planned_steps": 1000,
    "first_step": 1,
    "last_step": 90,
    "steps_executed": 100,
    "lost_steps": 10,
    "launches": 2,
    "median_step_time": (2.0, 1.9, 2.2),
    "tokens_per_step": 65536,
    "tokens_done": 90 * 65536,
    "tokens_per_second": (32768.0, 29789.1, 34492.6),
    "tokens_per_gpu_second": (4096.0, 3723.6, 4311.6),
    "num_gpus": 8,
    "mfu": (0.2, 0.18, 0.21),
    "goodput": 0.75,
    "wall_clock": 240 / 86400,
    "gpu_hours": 8 * 240 / 3600,
    "cost": (1.25, 1.1, 1.4),
    "cost_to_finish": (11.0, 9.9, 12.6),
    "finish_date": ("2026-11-23", "2026-11-23", "2026-11-24"),
}
PARTS = {"training": 180.0, "lost_work": 20.0, "checkpoints": 40.0, "slower_steps": 0.0}


def reading(name, told):
    """One result, from a value or from a value with its ends; `None` has a reason."""
    unit = RESULT_UNITS[name]
    if told is None:
        return Reading(None, unit, reason=GIVE.get(name, "the log does not say it"))
    value, low, high = told if isinstance(told, tuple) else (told, None, None)
    return Reading(value, unit, low, high)


def track(known=None, *, reports=None, warnings=(), **inputs):
    """A track that knows these results (those of KNOWN unless given) and inputs."""
    known = KNOWN if known is None else known
    values = {"model": "llama-3.1-8b", "gpu": "h100-sxm", "precision": "bf16"} | inputs
    units = {"seq_length": "token", "price": "USD/GPU/hour"}
    return Track(
        results={name: reading(name, known.get(name)) for name in RESULT_UNITS},
        inputs={
            name: InputValue(value, units.get(name, ""), USER)
            for name, value in values.items()
            if value is not None
        },
        segments=(
            {"segment": 1, "first_step": 1, "last_step": 60, "steps": 60, "repeated_steps": 10},
            {"segment": 2, "first_step": 51, "last_step": 90, "steps": 40, "repeated_steps": 0},
        ),
        warnings=tuple(Warned(*each) for each in warnings),
        meta={"llmcost_version": "1", "data_version": "2", "interval": 0.8},
        reports=reports or {"wall_clock": wall_clock(), "series": series()},
    )


def series():
    """Step times of two launches, each point of ten steps; the second ends in a checkpoint."""
    return {
        "step": [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 60.0, 70.0, 80.0, 90.0],
        "step_time": [2.0, 1.9, 2.1, 2.0, 2.0, 2.0, 2.2, 1.9, 2.0, 6.0],
        "steps": [10.0] * 10,
        "steady": [True] * 9 + [False],
        "stalls": [0.0] * 9 + [1.0],
        "segment": [1] * 6 + [2] * 4,
        "stamp": [None] * 10,
        "units": {"step_time": "s"},
    }


def wall_clock():
    """Parts of the time from the first stamp to the last [s]."""
    return {
        "parts": {name: {"value": value, "unit": "s"} for name, value in PARTS.items()},
        "total": {"value": sum(PARTS.values()), "unit": "s"},
    }
