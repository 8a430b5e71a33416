"""Saved results as one report: what it says, where each number is from, and what made it."""

from copy import deepcopy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmcost import InputError
from llmcost._version import __version__
from llmcost.catalog.sources import sources
from llmcost.catalog.version import data_version
from llmcost.report import SOURCES
from llmcost.studies.saved import Saved
from llmcost.studies.saved.kinds import check_result
from llmcost.views.reports import build_report
from llmcost.views.reports.comparisons import MANY, VERY_MANY
from llmcost.views.reports.documents import report_data, section_documents
from tests.saved_kinds import MAKERS, saved


def report(*kinds, **options):
    """A report of small results."""
    results = [Saved(f"{kind}.json", saved(kind)) for kind in kinds]
    return build_report(results, **options)


def table(made, name, section=None):
    """A table of a report by its name."""
    found = [
        one
        for part in made.sections
        if section in (None, part.name)
        for one in part.tables
        if one.name == name
    ]
    return found[0]


@pytest.mark.parametrize("kind", MAKERS)
def test_every_kind_of_result_is_told_in_two_sentences_and_tables(kind):
    made = report(kind)

    assert len(made.summary) == 2
    assert all(text.endswith(".") for text in made.summary)
    assert made.sections[0].tables
    assert made.methods
    for part in made.sections:
        for one in part.tables:
            assert all(len(row) == len(one.fields) for row in one.rows)
            assert one.texts is None or [len(text) for text in one.texts] == [
                len(one.fields) for _ in one.rows
            ]
            assert set(one.people_fields) <= {field.name for field in one.fields}


@pytest.mark.parametrize("kind", MAKERS)
def test_every_source_that_is_named_has_a_footnote_and_is_in_the_bibliography(kind):
    made = report(kind)
    named = [
        key.strip()
        for part in made.sections
        for one in part.tables
        for record in one.records()
        if record.get(SOURCES)
        for key in str(record[SOURCES]).split(";")
    ]
    keys = [note.key for note in made.footnotes]

    assert set(named) & set(sources()) <= set(keys)
    assert len(keys) == len(set(keys))
    assert set(keys) <= {*sources(), "llmcost"}
    assert [key for key in keys if key in named] == list(
        dict.fromkeys(key for key in named if key in keys)
    )


def test_the_summary_of_an_estimate_has_the_numbers_of_the_result():
    results = saved("estimate")["results"]
    finding, support = report("estimate").summary

    assert f"takes {results['wall_clock']['value']:.1f} days (" in finding
    assert f"costs ${results['cost']['value'] / 1e3:.0f}K ($" in finding
    assert finding.startswith("Training llama-3.1-8b on 1T tokens with 64 h100-sxm takes ")
    assert f"{results['gpu_hours']['value'] / 1e3:.1f}K GPU-hours at " in support
    assert f"{results['mfu']['value']:.1%} MFU" in support
    assert "80% of 100 draws lie in each range" in support


def test_the_tables_hold_every_number_in_full_with_its_unit():
    results = saved("estimate")["results"]
    rows = {row["name"]: row for row in table(report("estimate"), "results").records()}

    for name in ("cost", "gpu_hours", "wall_clock"):
        held = results[name]
        assert rows[name]["value"] == held["value"]
        assert (rows[name]["low"], rows[name]["high"]) == (held["low"], held["high"])
        assert (rows[name]["median"], rows[name]["unit"]) == (held["median"], held["unit"])


def test_assumptions_have_value_range_origin_and_sources():
    pue = saved("estimate")["inputs"]["pue"]
    rows = {
        row["name"]: row
        for row in table(report("estimate"), "assumptions", "assumptions").records()
    }

    assert (rows["pue"]["value"], rows["pue"]["low"], rows["pue"]["high"]) == (
        pue["value"],
        pue["low"],
        pue["high"],
    )
    assert pue["origin"]["source"] == "defaults.csv: dcd-aws-pue, uptime-survey"
    assert rows["pue"]["origin"] == "default: defaults.csv"
    assert rows["pue"][SOURCES] == "dcd-aws-pue; uptime-survey"
    assert rows["price"][SOURCES].startswith(
        saved("estimate")["inputs"]["price"]["detail"]["sources"][0]
    )


def test_pictures_are_all_that_the_result_can_be_drawn_as():
    first, *_ = report("estimate").sections

    assert [one.name for one in first.pictures] == ["cost", "step", "memory"]


def test_a_second_result_has_a_section_and_assumptions_of_its_own():
    made = report("estimate", "development", "sensitivity")

    assert [part.name for part in made.sections] == [
        *("estimate", "estimate-2", "sensitivity", "assumptions")
    ]
    titles = [one.title for one in made.sections[-1].tables]
    assert titles[0].startswith("estimate.json: llama-3.1-8b")
    assert titles[1].startswith("development.json: llama-3.1-8b")
    assert made.summary[1].startswith("Price per GPU-hour moves the cost most")
    assert [name for name, _ in made.results] == [
        *("estimate.json", "development.json", "sensitivity.json")
    ]


def test_a_comparison_has_every_setup_with_the_numbers_of_its_rows():
    data = saved("comparison")
    made = report("comparison")
    rows = table(made, "setups").records()

    assert [row["name"] for row in rows] == data["order"]
    for row, record in zip(rows, data["rows"], strict=True):
        assert {name: value for name, value in record.items() if value is not None} == {
            name: row[name] for name, value in record.items() if value is not None
        }
    fields = {field.name: field.unit for field in table(made, "setups").fields}
    assert (fields["cost"], fields["wall_clock"], fields["price"]) == (
        *("USD", "day", "USD/GPU/hour"),
    )
    best = data["best"]["cost"]
    assert f"{best} is the cheapest, at $" in made.summary[0]


def many_setups(count):
    """A comparison of so many setups, all but the first copies."""
    data = saved("comparison")
    setup, row = data["setups"][0], data["rows"][0]
    names = [f"copy-{number}" for number in range(count)]
    data["setups"] = [{**setup, "name": name} for name in names]
    data["rows"] = [
        {**row, "name": name, "cost": 1e6 + number} for number, name in enumerate(names)
    ]
    told = {"order": names, "first": names[0], "front": [], "pairs": [], "break_even": []}
    return {**data, **told, "best": {"cost": names[0], "wall_clock": names[0]}}


@pytest.mark.parametrize("count", [MANY + 1, VERY_MANY + 1])
def test_many_setups_are_one_table(count):
    data = many_setups(count)
    check_result(data, "many.json")
    made = build_report([Saved("many.json", data)])
    (one,) = made.sections[0].tables
    at = [field.name for field in one.fields].index("cost")

    assert [part.name for part in made.sections] == ["comparison"]
    assert len(one.rows) == count
    assert one.texts[0][at] in ("$1M", "$1.00M")
    assert made.warnings
    assert len(made.warnings) < 25


def test_a_claim_is_told_with_its_verdict():
    row = saved("reconciliation")["rows"][0]
    made = report("reconciliation")

    assert "$35M – $200M, is consistent: our estimate is $" in made.summary[0]
    (record,) = table(made, "claims").records()
    assert (record["estimate"], record["unit"], record["verdict"]) == (
        *(row["estimate"], "USD", "consistent"),
    )
    assert record[SOURCES] == "; ".join(row["sources"])
    assert [each["value"] for each in table(made, "bases").records()] == [
        one["value"] for one in row["bases"]
    ]


def test_a_validation_is_told_by_its_scores():
    made = report("validation")

    assert "2 published configurations is predicted with a median error of 5.0%" in made.summary[0]
    assert "50% of them within 10% and 100% within 20%" in made.summary[0]
    worst = table(made, "throughput_rows").records()[0]
    assert (worst["id"], worst["measured"], worst["predicted"]) == ("row-2", 20.0, 18.0)
    assert made.warnings == ("Fitted on these rows.",)


def test_what_made_a_result_is_told():
    data = {**saved("estimate"), "command": "llmcost estimate llama-3.1-8b"}
    made = build_report([Saved("e.json", data)])

    assert made.made_by[0] == ("Command", "llmcost estimate llama-3.1-8b")
    assert made.made_by[1] == (
        "Made by",
        f"llmcost {__version__}, data {data_version()}; 100 draws, seed 20240723, 80% intervals",
    )
    assert made.made_by[-1] == ("Report by", f"llmcost {__version__}, data {data_version()}")


def test_a_command_that_the_file_does_not_tell_is_said_to_be_unknown():
    made = report("estimate", "sensitivity")

    assert ("Command of estimate.json", "not told by the file") in made.made_by


def test_results_of_another_version_of_program_or_data_are_warned_of():
    data = {**saved("estimate"), "llmcost_version": "0.0.9", "data_version": "abc"}
    made = build_report([Saved("old.json", data)])

    assert made.warnings[0] == (
        f"old.json was made with llmcost 0.0.9 (this report: {__version__}) and data abc (this "
        f"report: {data_version()}): the same command may give other numbers now."
    )


def test_every_warning_of_a_result_is_in_the_report():
    warnings = [each["message"] for each in saved("estimate")["warnings"]]

    assert warnings
    assert list(report("estimate").warnings) == warnings
    assert f"estimate.json: {warnings[0]}" in report("estimate", "comparison").warnings


def test_a_warning_of_several_results_is_told_once_with_their_files():
    one = saved("estimate")
    twice = build_report([Saved("a.json", one), Saved("b.json", one)]).warnings

    assert [each["message"] for each in one["warnings"]] == [
        warning.removeprefix("a.json, b.json: ") for warning in twice
    ]


def test_sections_of_results_that_are_named_alike_are_told_apart_by_their_files():
    one = saved("estimate")
    first, second, *_ = build_report([Saved("a.json", one), Saved("b.json", one)]).sections

    assert first.title.removesuffix(" (a.json)") == second.title.removesuffix(" (b.json)")
    assert first.title != second.title


def test_a_title_may_be_given_and_must_not_be_empty_or_endless():
    assert report("estimate", title=" What  we need ").title == "What we need"
    for title in ("", "  ", "x" * 201):
        with pytest.raises(InputError, match="needs from 1 to 200 characters"):
            report("estimate", title=title)


def test_no_result_is_refused():
    with pytest.raises(InputError, match="Got no result"):
        build_report([])


def test_the_json_of_a_report_has_all_of_its_parts():
    made = report("estimate", "sensitivity")
    data = report_data(made)

    assert data["schema"] == "llmcost.report/1"
    assert data["summary"] == list(made.summary)
    assert [part["name"] for part in data["sections"]] == [part.name for part in made.sections]
    assert data["results"][0] == {"name": "estimate.json", "data": saved("estimate")}
    assert len(data["footnotes"]) == len(made.footnotes)


def test_a_terminal_is_shown_the_first_rows_of_long_tables_and_no_keys():
    data = many_setups(MANY + 5)
    made = build_report([Saved("many.json", data)])
    shown = [one for document, _ in section_documents(made) for one in document.tables]
    setups = next(one for one in shown if one.name == "setups")

    assert len(setups.rows) == 24
    assert setups.notes[-1].startswith("5 more rows in files")
    assert all(SOURCES not in one.people_fields for one in shown if one.people_fields)


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.sampled_from(["", "abc", "<script>alert(1)</script>", "h100-sxm", "2024-13-01", "\u202e\0"]),
    st.sampled_from([[], {}, [1], {"a": 1}, [None], [[1]], {"value": 1, "unit": "USD"}]),
)
CHANGED = ("estimate", "development", "comparison", "sensitivity", "reconciliation", "claims")


def places(data, here=()):
    """Yield the place of every part of a document."""
    parts = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in parts:
        yield (*here, key)
        if isinstance(value, dict | list):
            yield from places(value, (*here, key))


@pytest.mark.parametrize("kind", [*CHANGED, "layouts", "facts", "method", "validation"])
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(choice=st.randoms(use_true_random=False), junk=JUNK, removed=st.booleans())
def test_a_result_changed_anywhere_is_a_report_or_one_error(kind, choice, junk, removed):
    data = saved(kind)
    *way, last = choice.choice(list(places(data)))
    part = data
    for key in way:
        part = part[key]
    if removed:
        del part[last]
    else:
        part[last] = deepcopy(junk)

    told = ""
    try:
        told = build_report([Saved("changed.json", check_result(data, "changed.json"))]).title
    except InputError as error:
        told = f"{error}" if "changed.json" in f"{error}" else ""
    assert told


def test_beside_an_estimate_the_summary_tells_which_setup_is_best():
    made = report("estimate", "comparison")
    (compared,) = [one for one in made.sections if one.name == "comparison"]

    assert made.summary[0].startswith("Training llama-3.1-8b on 1T tokens")
    assert made.summary[1].startswith("Of 2 setups, mi300x is the cheapest, at $")
    assert not set(made.summary) & set(compared.paragraphs)


def test_what_is_of_another_run_is_not_said_in_the_summary_as_if_of_this_one():
    """Ten times the cost is another run's, and so is a comparison over twice the FLOP."""
    moved, compared = deepcopy(saved("sensitivity")), deepcopy(saved("comparison"))
    moved["result"]["value"] *= 10
    for setup in compared["setups"]:
        setup["estimate"]["results"]["model_flop"]["value"] *= 2
    results = [
        Saved("estimate.json", saved("estimate")),
        Saved("moved.json", moved),
        Saved("compared.json", compared),
    ]

    assert build_report(results).summary == report("estimate").summary
    assert build_report(results[::-1]).summary == build_report(results[2:]).summary


def test_several_results_of_one_other_version_are_warned_of_once():
    results = [
        Saved(f"{kind}.json", {**saved(kind), "data_version": "abc"})
        for kind in ("estimate", "sensitivity")
    ]
    first, *others = build_report(results).warnings

    assert first.startswith("estimate.json, sensitivity.json were made with data abc (this report:")
    assert not any("was made with" in text for text in others)
