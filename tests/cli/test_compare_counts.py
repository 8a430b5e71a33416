"""`llmcost compare --gpus 1024,4096`: how a run grows, in one command."""

from tests.cli.helpers import llmcost

RUN = ("--parameters", "70B", "--tokens", "1T", "--mfu", "40%", "--goodput", "90%")
PINNED = (*RUN, "--as-of", "2026-09-06", "--today", "2026-10-01", "--draws", "100")


def compared(capsys, *arguments):
    """Run `llmcost compare` on a pinned run, fast: with an MFU that is given."""
    return llmcost(capsys, "compare", *PINNED, *arguments)


def test_a_list_crosses_with_accelerators_and_with_setups(capsys):
    ran = compared(
        capsys, "--setup", "mi300x@2", "--gpu", "h100-sxm,b200", "--gpus", "512,1024", "--json"
    )

    assert (ran.code, ran.err) == (0, "")
    assert {(row["gpu"], row["num_gpus"]) for row in ran.data["rows"]} == {
        (gpu, count) for gpu in ("mi300x", "h100-sxm", "b200") for count in (512, 1024)
    }
    assert len({row["name"] for row in ran.data["rows"]}) == 6


def test_a_list_that_reads_as_one_number_is_refused(capsys):
    ran = compared(capsys, "--gpu", "h100-sxm", "--gpus", "256,512", "--json")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Error: --gpus: got '256,512', which is one number or 2; needs")


def test_a_variable_may_hold_the_list(capsys, monkeypatch):
    monkeypatch.setenv("LLMCOST_COMPARE_GPUS", "512,1024")
    ran = compared(capsys, "--gpu", "h100-sxm", "--json")

    assert {row["name"] for row in ran.data["rows"]} == {"h100-sxm:512", "h100-sxm:1024"}
