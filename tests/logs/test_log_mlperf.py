"""MLPerf results, with made-up numbers in the syntax of each kind of submission."""

from io import BytesIO

import numpy as np
import pytest

from llmcost.errors import LogFormatError
from llmcost.logs.formats.mlperf import MLPERF
from llmcost.logs.reading import read_chunks
from tests.logs.made_files import mllog, read_all

START, STOP = "INTERVAL_START", "INTERVAL_END"


def beginning(benchmark, batch, length=None, ranks=1, platform="8xNVIDIA DGX H100"):
    """Return the lines before a run: it starts at 1000 s, is scored from 1060 s."""
    lines = [mllog(1000, "init_start", kind=START)] * ranks
    lines += [
        mllog(1001, "submission_benchmark", benchmark),
        mllog(1001, "submission_platform", platform),
        mllog(1001, "global_batch_size", batch),
        mllog(1001, "gradient_accumulation_steps", 4),
        mllog(1001, "train_samples", 1_574_207_408),
        mllog(1001, "max_steps", 1_200_000),
    ]
    lines += [mllog(1001, "max_sequence_length", length)] if length else []
    lines += [mllog(1059, "init_stop", kind=STOP), mllog(1060, "run_start", kind=START)]
    return b"".join(lines)


GPT3 = b"".join(
    [
        beginning("gpt3", 2048, 2048, ranks=64),
        mllog(1060, "block_start", kind=START, first_epoch_num=0, epoch_count=50331648),
        *(
            mllog(
                1060 + 12.5 * n,
                "tracked_stats",
                {"train_step_timing": 12.5 - n / 64, "reduced_train_loss": 3 - n / 8},
                step=4194304 * n,
            )
            for n in (1, 2, 3)
        ),
        mllog(1098, "eval_start", kind=START, epoch_num=12582912),
        mllog(1103, "tracked_stats", {"validation_step_timing": 5.0}, step=12582912),
        mllog(1113, "eval_stop", kind=STOP, epoch_num=12582912),
        mllog(1114, "tracked_stats", {"throughput": 313233.2}, step=12582912),
        mllog(1114, "run_stop", kind=STOP, status="success"),
        mllog(1114, "trained_samples", 12582912),
    ]
)


def test_results_are_found_behind_what_a_launcher_writes_first():
    plain = [chunk for _, chunk in read_chunks([BytesIO(GPT3)])]
    behind = [chunk for _, chunk in read_chunks([BytesIO(b"srun: launching\n" * 20_000 + GPT3)])]

    assert [chunk.format for chunk in behind] == ["mlperf"] * len(plain)
    assert behind[0].columns["step"].tolist() == plain[0].columns["step"].tolist()


def test_counts_of_gpt3_are_tokens():
    columns, events, messages = read_all(MLPERF, GPT3)

    assert columns["tokens_total"] == [4194304, 8388608, 12582912]
    assert columns["samples_total"] == [2048, 4096, 6144]
    assert columns["step"] == [1, 2, 3]
    assert columns["step_time"] == [12.5 - 1 / 64, 12.5 - 2 / 64, 12.5 - 3 / 64]
    assert columns["time_stamp"] == [1072.5, 1085, 1097.5]
    assert [e.values["evaluation_time"] for e in events if e.kind == "evaluation"] == [15]
    assert [e.kind for e in events][-1] == "end"
    assert messages == []


def test_one_launch_however_many_processes_start_and_their_number_is_that_of_accelerators():
    _, events, _ = read_all(MLPERF, GPT3)
    facts = {name: value for event in events for name, value in event.values.items()}

    assert [event.kind for event in events].count("launch") == 1
    assert facts["num_gpus"] == 64
    assert facts["warm_up_time"] == 60
    assert facts["global_batch_size"] == 2048
    assert facts["seq_length"] == 2048
    assert facts["accumulation"] == 4
    assert "planned_steps" not in facts


@pytest.mark.parametrize(
    ("platform", "accelerator", "num_gpus"),
    [
        ("64xNVIDIA DGX H100", "H100 SXM", None),
        ("2xC885A_M8-8xH200-SXM-141GB", "H200 SXM", None),
        ("H100", "H100", None),
        ("128xNVIDIA GB200", "GB200", None),
        ("1xMI300X", "MI300X", None),
        ("MI355X", "MI355X", None),
        ("1xXE9680Lx8B200-SXM-180GB", "B200", None),
        ("gaudi-384", "gaudi", 384),
        ("tpu-v5p", "tpu-v5p", None),
        ("8xSUBMISSION_PLATFORM_PLACEHOLDER", None, None),
    ],
)
def test_platforms_name_accelerators_and_seldom_how_many(platform, accelerator, num_gpus):
    _, events, _ = read_all(MLPERF, beginning("gpt3", 8, 8, platform=platform))
    texts = {name: text for event in events for name, text in event.texts.items()}
    facts = {name: value for event in events for name, value in event.values.items()}

    assert texts.get("accelerator") == accelerator
    assert facts.get("num_gpus") == num_gpus


def test_newer_runs_count_sequences_and_number_steps_from_zero():
    """The 405B benchmark: block_start says how long a block is, a time without a loss its mean."""
    lines = [
        beginning("llama31_405b", 1152, 8192),
        mllog(1060, "block_start", kind=START, samples_count=276480, step=0),
        *(
            mllog(
                1060 + 13 * n,
                "tracked_stats",
                {"train_step_time": 13.25, "reduced_train_loss": 7.5},
                step=float(n - 1),
                samples_count=1152.0 * n,
            )
            for n in (1, 2)
        ),
        mllog(1086, "tracked_stats", {"train_step_time": 13.5}, samples_count=2304),
        mllog(1086, "block_stop", kind=STOP, samples_count=2304, step=2),
        mllog(1086, "eval_start", kind=START, samples_count=2304, step=2),
        mllog(1108, "tracked_stats", {"validation_time": 22.0}, step=2),
        mllog(1108, "eval_stop", kind=STOP, samples_count=2304, step=2),
        mllog(1109, "run_stop", kind=STOP, samples_count=2304, step=2, status="aborted"),
    ]
    columns, events, _ = read_all(MLPERF, b"".join(lines))

    assert columns["step"] == [1, 2]
    assert columns["step_time"] == [13.25, 13.25]
    assert columns["tokens_total"] == [1152 * 8192, 2304 * 8192]
    assert events[-1].kind == "stopped"


def test_blocks_alone_give_the_time_of_their_steps_without_evaluation():
    """AMD's LoRA and 8B runs: a step that is in sequences, and no time but the clock."""
    lines = [
        beginning("llama2_70b_lora", 8),
        mllog(1060, "block_start", kind=START, samples_count=0),
        mllog(1444, "tracked_stats", {"throughput": 4.0}, step=1536),
        mllog(1444, "block_stop", kind=STOP, samples_count=1536, curr_global_step=192),
        mllog(1444, "eval_start", kind=START, samples_count=1536),
        mllog(1474, "eval_stop", kind=STOP, samples_count=1536),
        mllog(1474, "block_start", kind=START, samples_count=1536),
        mllog(1570, "block_stop", kind=STOP, samples_count=1920),
    ]
    columns, _, _ = read_all(MLPERF, b"".join(lines))

    assert columns["step"] == [192, 240]
    assert columns["step_time"] == [2.0, 2.0]
    assert columns["samples_total"] == [1536, 1920]
    assert "tokens_total" not in columns


def test_losses_every_few_steps_give_their_time_by_the_clock():
    lines = [
        beginning("llama2_70b_lora", 8),
        mllog(1067.5, "tracked_stats", {"train_loss": 2.1}, samples_count=80, lr=4e-4, step=10),
        mllog(1075, "train_loss", 1.5, samples_count=160, lr=4e-4),
    ]
    columns, _, _ = read_all(MLPERF, b"".join(lines))

    assert columns["step"] == [10, 20]
    assert columns["step_time"] == [0.75, 0.75]
    assert columns["loss"] == [2.1, 1.5]


def test_a_block_that_says_where_it_begins_ends_after_its_length():
    """Google's runs: no start of block 0, no evaluation of its own."""
    lines = [
        beginning("gpt3", 6144, 2048, platform="tpu-v5p"),
        mllog(1085, "block_stop", kind=STOP, first_epoch_num=0),
        mllog(1085, "block_start", kind=START, epoch_count=50331648, first_epoch_num=50331648),
        mllog(1109, "block_stop", kind=STOP, first_epoch_num=50331648),
    ]
    columns, _, _ = read_all(MLPERF, b"".join(lines))

    assert columns["tokens_total"] == [50331648, 100663296]
    assert columns["step"] == [4, 8]
    assert columns["step_time"] == [25 / 4, 24 / 4]


def test_a_second_run_in_the_file_is_a_second_launch():
    columns, events, _ = read_all(MLPERF, GPT3 + GPT3)

    assert [event.kind for event in events].count("launch") == 2
    assert columns["step"] == [1, 2, 3, 1, 2, 3]


def test_lines_of_launchers_go_by_and_cut_ones_are_told():
    noisy = b"".join(b"  0: " + line + b"\n+ srun -l\n" for line in GPT3.splitlines())
    columns, _, messages = read_all(MLPERF, noisy + b':::MLLOG {"namespace": "", "time_')

    assert columns["step"] == [1, 2, 3]
    assert messages == ["1 lines of MLPerf's are cut off and left out."]


def test_what_is_not_as_it_should_be_is_left_out():
    lines = [
        mllog(1000, "init_start", kind=START),
        mllog(1001, "global_batch_size", "many"),
        mllog(1002, "tracked_stats", "none", step=1),
        mllog(1003, "tracked_stats", {"train_loss": 2.5}, samples_count=True),
        b':::MLLOG {"key": "eval_start", "time_ms": 5, "metadata": [1]}\n',
        b':::MLLOG {"key": 3, "time_ms": 5}\n',
        b':::MLLOG {"key": "seed", "time_ms": NaN}\n',
        b":::MLLOG " + b"[" * 100_000 + b"\n",
        mllog(1004, "train_loss", float("nan"), samples_count=16),
    ]
    columns, _, messages = read_all(MLPERF, b"".join(lines))

    assert columns["samples_total"] == [16]
    assert "step" not in columns
    assert "loss" not in columns
    assert messages == ["3 lines of MLPerf's are cut off and left out."]


def test_numbers_beyond_all_measure_are_no_records_that_mislead():
    big = 10**400
    lines = [
        beginning("gpt3", 1e308, 1e308),
        mllog(1062, "train_loss", 2.5, samples_count=1e308),
        b':::MLLOG {"key": "train_loss", "time_ms": %d, "value": 2}\n' % big,
        mllog(1063, "train_loss", 2.5, samples_count=big),
    ]
    columns, _, messages = read_all(MLPERF, b"".join(lines))

    assert columns["tokens_total"] == [1e308]
    assert np.isfinite(columns["samples_total"]).all()
    assert messages == ["1 lines of MLPerf's are cut off and left out."]


def test_a_file_without_a_whole_line_is_refused():
    with pytest.raises(LogFormatError, match="log: has no whole line of MLPerf's"):
        read_all(MLPERF, b":::MLLOG {\n")


def test_the_reader_finds_the_format():
    chunks = [chunk for _, chunk in read_chunks([BytesIO(b"+ echo\n" + GPT3)])]

    assert {chunk.format for chunk in chunks} == {"mlperf"}
    assert chunks[0].stamps == (1000, 1114)
    assert np.all(np.diff(chunks[0].columns["line"]) > 0)
