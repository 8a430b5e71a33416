"""What the user says against the log, and a plan against what is done."""

from tests.tracking.made_logs import chunk, codes, launch, stamped, tracked, values


def _log():
    return chunk(
        {"line": range(2, 102), **stamped(1, 100)},
        events=[launch(1, num_gpus=64, seq_length=8192, global_batch_size=512)],
    )


def test_a_figure_of_the_user_that_is_not_the_logs_is_told():
    found = tracked(_log(), num_gpus=8, seq_length=8192)

    told = [warned.message for warned in found.warnings if warned.code == "differs-from-log"]
    assert told == ["--gpus is 8, and the log says 64: yours is used."]
    assert values(found)["num_gpus"] == 8


def test_figures_as_the_log_has_them_are_not_told():
    assert "differs-from-log" not in codes(tracked(_log(), num_gpus=64, seq_length=8192))
    assert "differs-from-log" not in codes(tracked(_log()))


def test_a_plan_behind_what_is_done_is_told():
    assert "plan-behind" in codes(tracked(_log(), steps=50))
    assert "plan-behind" in codes(tracked(_log(), tokens="15 token"))
    assert "plan-behind" not in codes(tracked(_log(), steps=100))
    assert "plan-behind" not in codes(tracked(_log()))
