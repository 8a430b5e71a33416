"""FLOP per token: hand calculations, limits and conventions."""

from dataclasses import dataclass
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.formulas import flops
from llmcost.units import Q

SIZES = st.integers(1, 300)


@dataclass(frozen=True)
class Group:
    width: float
    span: float
    chunked: bool = False


def context(seq_length, span=inf, *, chunked=False, causal=True):
    return flops.mean_context.kernel(
        seq_length=seq_length, span=span, chunked=chunked, causal=causal
    )


def test_a_weight_costs_six_flop_a_token():
    """Kaplan et al. 2020, table 1: C = 6N."""
    assert flops.matmul_flop_per_token.kernel(matmul_parameters=175e9) == 1.05e12


def test_attention_is_twelve_l_h_q_t_in_palm():
    """PaLM 540B: 12 x 118 layers x 48 heads x 256 x 2048, appendix B."""
    width = 118 * 48 * (256 + 256)

    full = flops.attention_flop_per_token.kernel(width=width, mean_context=2048)

    assert full == 12 * 118 * 48 * 256 * 2048


def test_forward_is_a_third_and_backward_two_thirds():
    parts = [
        flops.forward_flop_per_token.kernel(training_flop_per_token=6.0),
        flops.backward_flop_per_token.kernel(training_flop_per_token=6.0),
    ]

    assert parts == pytest.approx([2, 4], rel=1e-12)


def test_full_and_causal_contexts():
    assert context(8192, causal=False) == 8192
    assert context(8192) == 4096


@pytest.mark.parametrize(
    ("seq_length", "window", "expected"),
    [(4096, 4096, 2048), (2048, 4096, 1024), (8192, 4096, 3072), (8192, 1024, 960)],
)
def test_a_causal_window_by_hand(seq_length, window, expected):
    """w - w^2/(2S): 8192 and 4096 give 4096 - 1024, 8192 and 1024 give 1024 - 64."""
    assert context(seq_length, window) == expected


@given(seq_length=SIZES, span=SIZES)
def test_a_window_equals_the_average_over_positions(seq_length, span):
    """Integral of min(x, w) over the sequence, by the midpoint rule, exact for whole kinks."""
    exact = sum(min(x + 0.5, span) for x in range(seq_length)) / seq_length

    assert context(seq_length, span) == pytest.approx(exact, rel=1e-12)
    assert context(seq_length, span, causal=False) == min(seq_length, span)


@given(seq_length=SIZES, span=SIZES)
def test_chunks_equal_the_average_over_positions(seq_length, span):
    exact = sum((x % span) + 0.5 for x in range(seq_length)) / seq_length

    assert context(seq_length, span, chunked=True) == pytest.approx(exact, rel=1e-12)


@given(seq_length=SIZES, span=SIZES, chunked=st.booleans(), causal=st.booleans())
def test_no_span_costs_more_than_full_attention(seq_length, span, chunked, causal):
    some = context(seq_length, span, chunked=chunked, causal=causal)

    assert some <= context(seq_length, causal=causal) * (1 + 1e-12)


@given(seq_length=SIZES, more=SIZES, chunked=st.booleans(), causal=st.booleans())
def test_a_span_beyond_the_sequence_is_full_attention(seq_length, more, chunked, causal):
    some = context(seq_length, seq_length + more, chunked=chunked, causal=causal)

    assert some == pytest.approx(context(seq_length, causal=causal), rel=1e-12)


def test_arrays_equal_numbers():
    seq_length = np.array([100.0, 5000.0, 8192.0, 8192.0])
    span = np.array([inf, 512.0, 1000.0, inf])
    chunked = np.array([0.0, 0.0, 1.0, 0.0])
    causal = np.array([1.0, 1.0, 1.0, 0.0])

    together = context(seq_length, span, chunked=chunked, causal=causal)

    one_by_one = [
        context(*row[:2], chunked=row[2], causal=row[3])
        for row in zip(
            seq_length.tolist(), span.tolist(), chunked.tolist(), causal.tolist(), strict=True
        )
    ]
    assert together.tolist() == one_by_one


def test_what_is_not_known_stays_unknown():
    assert np.isnan(context(np.array([np.nan]), np.array([512.0]))).all()


def test_a_model_adds_its_matrices_and_each_kind_of_attention():
    groups = (Group(10, inf), Group(20, 4), Group(30, 4, chunked=True))

    per_token = flops.flop_per_token(
        matmul_parameters=1000, attention=groups, seq_length=8, causal=True
    )

    assert per_token == 6 * (1000 + 10 * 4 + 20 * 3 + 30 * 2)


def test_the_face_checks_units_and_equals_the_kernel():
    face = flops.attention_flop_per_token(width=Q("128"), mean_context=Q("4096"))

    assert face.to("FLOP/token").magnitude == 6 * 128 * 4096
