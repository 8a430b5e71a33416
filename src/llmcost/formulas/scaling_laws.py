"""How many tokens a parameter count asks for, under named laws."""

from __future__ import annotations

from typing import Any

from llmcost.units import unit_checked

HOFFMANN_TABLE_3 = (
    (400e6, 8.0e9),
    (1e9, 20.2e9),
    (10e9, 205.1e9),
    (67e9, 1.5e12),
    (175e9, 3.7e12),
    (280e9, 5.9e12),
    (520e9, 11.0e12),
    (1e12, 21.2e12),
    (10e12, 216.2e12),
)


@unit_checked("FLOP", active_parameters="", tokens="token")
def model_flop_6nd(*, active_parameters: Any, tokens: Any) -> Any:  # noqa: ANN401
    """Return training FLOP by the rule of six FLOP a parameter and token [FLOP].

    Attention over the sequence is left out, and parameters that only look up an embedding are
    counted as if they multiplied: within about 10% for dense models of a billion parameters and
    more at contexts up to 8K, low for long contexts. Parameters are those used per token.

    Source: Kaplan et al. 2020 (arXiv 2001.08361), section 2.1, C = 6 N D.
    """
    return 6.0 * active_parameters * tokens


@unit_checked("token", tokens="token", parameters="")
def tokens_per_parameter(*, tokens: Any, parameters: Any) -> Any:  # noqa: ANN401
    """Return training tokens over all parameters [token].

    Source: Hoffmann et al. 2022 (arXiv 2203.15556), section 3, where about 20 is optimal.
    """
    return tokens / parameters


@unit_checked("", tokens="token", compute_optimal_tokens="token")
def compute_optimal_ratio(*, tokens: Any, compute_optimal_tokens: Any) -> Any:  # noqa: ANN401
    """Return how many times the compute-optimal tokens a run trains on.

    Source: by definition; the law that gives the optimum is named beside it.
    """
    return tokens / compute_optimal_tokens


@unit_checked("token", parameters="")
def hoffmann_2022_approach_1(*, parameters: Any) -> Any:  # noqa: ANN401
    """Return compute-optimal training tokens at a parameter count [token].

    Log-log interpolation between the rows of the paper's table; the outer segments are continued
    beyond it. Valid from 400M to 10T parameters, dense models. The table prints two or three
    significant digits, so the result carries no more.

    Source: Hoffmann et al. 2022 (arXiv 2203.15556), table 3, approach 1.
    """
    import numpy as np

    sizes, tokens = np.log(np.array(HOFFMANN_TABLE_3)).T
    x = np.log(parameters)
    i = np.clip(np.searchsorted(sizes, x) - 1, 0, len(sizes) - 2)
    slope = (tokens[i + 1] - tokens[i]) / (sizes[i + 1] - sizes[i])
    return np.exp(tokens[i] + slope * (x - sizes[i]))


@unit_checked("token", parameters="")
def besiroglu_2024(*, parameters: Any) -> Any:  # noqa: ANN401
    """Return compute-optimal training tokens at a parameter count [token].

    The parametric loss fitted again to the data read off the original figures: A = 482.01,
    B = 2085.43, alpha = 0.3478, beta = 0.3658.

    Source: Besiroglu et al. 2024 (arXiv 2404.10102), equation 3 and its fit.
    """
    return _parametric_tokens(parameters, a=482.01, b=2085.43, alpha=0.3478, beta=0.3658)


def _parametric_tokens(parameters: Any, *, a: float, b: float, alpha: float, beta: float) -> Any:  # noqa: ANN401
    """Solve dL/dN * N = dL/dD * D on the compute-optimal front for the tokens [token]."""
    return (beta * b / (alpha * a) * parameters**alpha) ** (1 / beta)


LAWS = {
    "hoffmann-2022-approach-1": "hoffmann_2022_approach_1",
    "besiroglu-2024": "besiroglu_2024",
}
LAW_TITLES = {
    "hoffmann-2022-approach-1": "Hoffmann et al. 2022, approach 1",
    "besiroglu-2024": "Besiroglu et al. 2024",
}


def compute_optimal_tokens(parameters: Any, law: str) -> Any:  # noqa: ANN401
    """Return compute-optimal tokens [token] for bare parameter counts, under a law in LAWS."""
    formula: Any = globals()[LAWS[law]]
    return formula.kernel(parameters=parameters)
