"""``llmcost explain``: the formula, paper and units behind a number."""

from __future__ import annotations

from typing import Any

import click

from llmcost.cli.options import complete, output_options, with_variables

NAMES = [
    "active-parameters",
    "attention-flop",
    "attention-flop-per-token",
    "compute-optimal-ratio",
    "compute-optimal-tokens",
    "compute-optimal-tokens-besiroglu-2024",
    "cost",
    "cost-per-million-tokens",
    "global-batch-size",
    "goodput",
    "gpu-hours",
    "hardware-flop",
    "hfu",
    "layout",
    "matmul-flop-per-token",
    "mean-context",
    "memory",
    "mfu",
    "model-flop",
    "model-flop-6nd",
    "parameters",
    "peak-flop-rate",
    "price",
    "range",
    "recompute-forward-share",
    "step-time",
    "tokens",
    "tokens-per-gpu-second",
    "tokens-per-parameter",
    "tokens-per-second",
    "wall-clock",
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
