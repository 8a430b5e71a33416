"""Logs that hold anything at all: an answer that is whole, or a message; never a crash."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_logs import chunk, tracked

from llmcost.errors import LlmcostError
from llmcost.logs.record import EVENTS, FACTS, FIELDS, Event
from llmcost.studies.saved.kinds import check_result

odd = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-5, 300).map(float),
    st.floats(1.6e9, 1.8e9),
)


@st.composite
def chunks(draw):
    """Some chunks of any fields with any numbers, and any events."""
    found, line = [], 1.0
    for _ in range(draw(st.integers(1, 4))):
        count = draw(st.integers(0, 12))
        names = draw(st.lists(st.sampled_from(sorted(FIELDS)), unique=True, max_size=7))
        columns = {
            name: draw(st.lists(odd, min_size=count, max_size=count))
            for name in [*names, *(["step"] if draw(st.booleans()) else [])]
        }
        columns["line"] = line + 2 * np.arange(count)
        events = draw(
            st.lists(
                st.builds(
                    Event,
                    st.integers(int(line), int(line) + 30),
                    st.sampled_from(EVENTS),
                    st.none() | st.floats(0, 2e9),
                    st.dictionaries(st.sampled_from(sorted(FACTS)), odd, max_size=3),
                ),
                max_size=4,
            )
        )
        stamps = draw(st.none() | st.just((1.7e9, 1.7e9 + 500)))
        events.sort(key=lambda event: event.line)
        found.append(chunk(columns, events, stamps, draw(st.sampled_from(["a", "maxtext"]))))
        line += 2 * count + 31
    return found


@settings(max_examples=75)
@given(chunks(), st.booleans())
def test_any_records_give_an_answer_or_a_message(parts, known):
    options = {"parameters": "7B", "gpu": "h100-sxm", "steps": 1000, "num_gpus": 8}
    try:
        found = tracked(*parts, **(options if known else {}))
    except LlmcostError:
        return
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))

    check_result(document, "track.json")
    for name, reading in document["results"].items():
        assert reading["value"] is not None or reading["reason"], name


@pytest.mark.parametrize("step", [1e300, -5.0, np.inf])
def test_a_step_that_cannot_be_is_left_out(step):
    columns = {"step": np.r_[np.arange(1.0, 20.0), step, 20.0], "step_time": np.full(21, 2.0)}

    assert tracked(chunk(columns)).results["steps"].value == 20
