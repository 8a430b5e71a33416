"""What the numbers of a tracked run are: in words, with unit and source."""

from __future__ import annotations

_LOG = "The log of the run."
_PACE = "The wall clock and the steps of the log; the plan from the log, --steps or --tokens."

TRACKED: dict[str, tuple[str, str, str]] = {
    "steps": (
        "Optimizer steps that the run has kept, each counted once: those behind the first line of "
        "a log are in it, those done again after a restart are not.",
        "",
        _LOG,
    ),
    "planned_steps": (
        "Steps that the whole run is to have: as the log says, or as --steps or --tokens do.",
        "",
        "The log, --steps, --tokens, or the estimate given (--estimate).",
    ),
    "first_step": (
        "Number of the first step that a line of the log names. A line every ten steps names the "
        "last of the ten.",
        "",
        _LOG,
    ),
    "last_step": ("Number of the last step that a line of the log names.", "", _LOG),
    "steps_executed": (
        "Steps that ran, those done again after a restart included.",
        "",
        _LOG,
    ),
    "lost_steps": (
        "Steps whose work was lost in a restart and done again: steps_executed - steps.",
        "",
        _LOG,
    ),
    "skipped_steps": (
        "Steps that ran and did not update the model, as those with an overflow of the loss scale.",
        "",
        _LOG,
    ),
    "launches": ("How many times the run was started, as the log shows.", "", _LOG),
    "median_step_time": (
        "Median time of a step without the first steps of a launch, and without steps that an "
        "evaluation or a checkpoint made longer. Low and high are those of the median, by "
        "resampling the steps.",
        "s",
        "Times that the log prints, else rates, else the time between lines; told beside.",
    ),
    "num_gpus": (
        "Accelerators that the run uses at once (--gpus).",
        "GPU",
        "Given, or as the log says: its world size, or the product of its parallel degrees.",
    ),
    "tokens_per_step": (
        "Tokens of one optimizer step: global_batch_size x seq_length, or as totals grow.",
        "token",
        "The log, or --tokens-per-step, --global-batch-size and --seq-length.",
    ),
    "tokens_done": ("Tokens of the steps kept: tokens_per_step x steps.", "token", _LOG),
    "tokens_planned": (
        "Tokens of the whole run: given (--tokens), or tokens_per_step x planned_steps.",
        "token",
        "The log, --steps, --tokens, or the estimate given (--estimate).",
    ),
    "model_flop_per_token": (
        "Model FLOP of a token, forward and backward, counted from the architecture: model_flop "
        "over tokens.",
        "FLOP/token",
        "The model given (--model, --parameters), and seq_length; see: llmcost explain model-flop.",
    ),
    "model_flop_rate": (
        "Model FLOP/s of a device while training runs: tokens_per_gpu_second x "
        "model_flop_per_token. Over peak_flop_rate it is the MFU.",
        "FLOP/s/GPU",
        "PaLM (arXiv 2204.02311), appendix B.",
    ),
    "stated_flop_rate": (
        "FLOP/s of a device as the framework prints it, in a convention of its own: it is told "
        "beside, and nothing is computed from it.",
        "FLOP/s/GPU",
        _LOG,
    ),
    "stated_mfu": (
        "MFU as the framework prints it, in a convention of its own: it is told beside, and "
        "nothing is computed from it.",
        "",
        _LOG,
    ),
    "lost_work_cost": (
        "Price of the device time in which lost steps ran: lost_steps x median_step_time x devices "
        "x price.",
        "USD",
        "The log, and the price.",
    ),
    "time_to_finish": (
        "Wall clock until the plan is done, at the pace so far: the wall clock over the steps "
        "kept, so that pauses and lost work go on as they were, times the steps left.",
        "day",
        _PACE,
    ),
    "gpu_hours_to_finish": (
        "Device time until the plan is done: time_to_finish x devices.",
        "GPU*hour",
        _PACE,
    ),
    "cost_to_finish": (
        "What the rest of the run costs: gpu_hours_to_finish x price.",
        "USD",
        _PACE,
    ),
    "total_cost": ("What the whole run costs: cost so far, and cost_to_finish.", "USD", _PACE),
    "finish_date": (
        "Day on which the plan is done: time_to_finish after the last time stamp of the log.",
        "",
        _PACE,
    ),
}
