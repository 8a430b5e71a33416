"""Hypothesis strategies that several tests share."""

from hypothesis import strategies as st

counts = st.floats(min_value=1, max_value=1e18, allow_nan=False, allow_infinity=False)
shares = st.floats(min_value=0.01, max_value=0.99)
prices = st.floats(min_value=0.01, max_value=1000)
any_text = st.text(max_size=300)
unit_names = st.sampled_from(
    ["FLOP", "token", "GPU*hour", "USD", "USD/GPU/hour", "token/s/GPU", "day", "TFLOP/s/GPU", "GiB"]
)
