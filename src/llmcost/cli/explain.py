"""``llmcost explain``: the formula, paper and units behind a number."""

from __future__ import annotations

from typing import Any

import click

from llmcost.cli.options import complete, output_options, with_variables

NAMES = [
    "acquisition-cost",
    "active-parameters",
    "attention-flop",
    "attention-flop-per-token",
    "capital-charge",
    "carbon",
    "carbon-intensity",
    "checkpoint-bandwidth",
    "checkpoint-bytes-per-parameter",
    "checkpoint-interval",
    "checkpoint-loss",
    "checkpoint-share",
    "checkpoint-time",
    "cluster-utilization",
    "compute-optimal-ratio",
    "compute-optimal-tokens",
    "compute-optimal-tokens-besiroglu-2024",
    "cost",
    "cost-of-capital",
    "cost-per-million-tokens",
    "cost-to-finish",
    "data-cost",
    "depreciation",
    "development-cost",
    "electricity-price",
    "embodied-carbon",
    "embodied-carbon-per-gpu",
    "energy",
    "energy-cost",
    "equity-pay",
    "experiments-cost",
    "experiments-ratio",
    "failure-rate",
    "finish-date",
    "first-step",
    "global-batch-size",
    "goodput",
    "gpu-hours",
    "gpu-hours-to-finish",
    "hardware-flop",
    "hardware-price-decline",
    "hfu",
    "last-step",
    "launches",
    "layout",
    "lost-steps",
    "lost-work-cost",
    "maintenance-loss",
    "maintenance-share",
    "matmul-flop-per-token",
    "mean-context",
    "mean-power",
    "median-step-time",
    "memory",
    "mfu",
    "model-flop",
    "model-flop-6nd",
    "model-flop-per-token",
    "model-flop-rate",
    "mtbf",
    "network-cost",
    "network-share",
    "num-gpus",
    "owned-capital-cost",
    "owned-cost",
    "owned-development-cost",
    "owned-experiments-cost",
    "owned-network-cost",
    "owned-post-training-cost",
    "owned-price",
    "owned-servers-cost",
    "parameters",
    "peak-flop-rate",
    "planned-steps",
    "post-training-cost",
    "post-training-multiplier",
    "post-training-share",
    "power-draw-fraction",
    "price",
    "pue",
    "range",
    "rated-power",
    "recompute-forward-share",
    "rental-add-ons",
    "rental-add-ons-cost",
    "rental-capacity-block-cost",
    "rental-contract-1y-cost",
    "rental-marketplace-cost",
    "rental-on-demand-cost",
    "rental-reserved-1y-cost",
    "rental-reserved-3y-cost",
    "rental-spot-cost",
    "restart-loss",
    "restart-time",
    "rework-loss",
    "salary",
    "scope",
    "server-age",
    "server-lifetime",
    "server-power-ratio",
    "server-price",
    "share-kept",
    "share-not-restarting",
    "skipped-steps",
    "staff",
    "staff-cost",
    "staff-overhead",
    "staff-share",
    "staff-time",
    "stated-flop-rate",
    "stated-mfu",
    "steady-share",
    "step-time",
    "steps",
    "steps-executed",
    "storage-cost",
    "time-to-finish",
    "tokens",
    "tokens-done",
    "tokens-per-gpu-second",
    "tokens-per-parameter",
    "tokens-per-second",
    "tokens-per-step",
    "tokens-planned",
    "total-cost",
    "wall-clock",
    "water",
    "water-intensity",
]


def _names() -> list[tuple[str, str]]:
    return [(name, "") for name in NAMES]


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.argument("name", required=False, shell_complete=complete(_names))
@output_options
def explain(name: str | None, **options: Any) -> None:  # noqa: ANN401
    """Explain a number: its formula, paper, validity and the units of each input.

    Without NAME, list what can be explained.

    \b
    Examples:
      llmcost explain gpu-hours
      llmcost explain compute-optimal-tokens --format markdown
    """
    from llmcost.cli.output import emit
    from llmcost.studies import explanation
    from llmcost.views.explanations import explanation_document, explanations_document

    options.pop("debug")
    if name is None:
        every = [explanation.explain(each) for each in explanation.explanations()]
        emit(explanations_document(every), **options)
    else:
        emit(explanation_document(explanation.explain(name)), **options)


with_variables(explain)
