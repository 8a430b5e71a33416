"""A saved bench in a report: what the machine reaches, with every table."""

from llmcost.studies.saved import Saved
from llmcost.views.reports import build_report
from tests.benching.made_samples import document, h200


def report_of(data):
    """The report of one bench."""
    return build_report([Saved("bench.json", data)])


def test_a_report_says_what_the_machine_reaches():
    """The fastest product of the made-up samples has a rate of 705 TFLOP/s."""
    report = report_of(h200())

    assert report.title.startswith("NVIDIA H200")
    assert "fastest matrix product 705 TFLOP/s" in report.summary[0]
    assert "MFU 38.7%" in report.summary[0]
    assert report.sections[0].name == "bench"
    assert report.sections[0].tables[0].name == "bench_results"


def test_a_machine_of_which_nothing_was_measured_is_told():
    assert report_of(document([])).summary[0] == "Nothing was measured."
