"""Lines of the Trainer and of what is built on it, and what is read of them. Made-up numbers."""

import pytest
from spans import said

from llmcost.logs.formats.deepspeed import DEEPSPEED
from llmcost.logs.formats.hugging_face import HUGGING_FACE
from llmcost.logs.line_reader import LineReader
from llmcost.logs.record import CHECKPOINT, END, EVALUATION, FACT, LAUNCH

PARTS = "▏▎▍▌▋▊▉█"


def bar(percent, done, total, clock="17:22<08:05", width=10):
    """Return a progress bar as tqdm draws it."""
    eighths = int(percent / 100 * width * 8)
    full, part = divmod(eighths, 8)
    drawn = ("█" * full + (PARTS[part - 1] if part else "")).ljust(width)
    return f"{percent:3d}%|{drawn}| {done}/{total} [{clock},  5.11s/it]".encode()


def test_the_dictionary_of_version_4():
    line = b"{'loss': 1.1728, 'grad_norm': 1.68, 'learning_rate': 2e-05, 'epoch': 0.32}"

    assert said(HUGGING_FACE, line) == {"loss": 1.1728}
    assert HUGGING_FACE.parse(line).opens


def test_the_dictionary_of_version_5_holds_texts():
    line = (
        b"{'loss': '5.696', 'grad_norm': '1.228', 'learning_rate': '2.778e-05', 'epoch': '1.667', "
        b"'num_input_tokens_seen': '40960', 'train_runtime': '17.18'}"
    )

    assert said(HUGGING_FACE, line) == {"loss": 5.696, "tokens_total": 40960, "run_clock": 17.18}


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        (b"'num_tokens': 204800.0, 'mean_token_accuracy': 0.71", 204800),  # TRL
        (b"'tokens/train_per_sec_per_gpu': 3049.5, 'tokens/total': 81920", 81920),  # Axolotl
        (b"'num_tokens': 100.0, 'num_input_tokens_seen': 128", 128),
    ],
)
def test_tokens_so_far(text, tokens):
    line = b"{'loss': 2.5, " + text + b", 'epoch': 0.1}"

    assert said(HUGGING_FACE, line) == {"loss": 2.5, "tokens_total": tokens}


@pytest.mark.parametrize("loss", [b"nan", b"'nan'", b"inf"])
def test_a_loss_that_is_no_number_is_left_out(loss):
    line = b"{'loss': " + loss + b", 'learning_rate': 0.0, 'epoch': 0.01}"

    assert said(HUGGING_FACE, line) == {}


def test_the_step_of_swift():
    line = (
        b"{'loss': 1.5, 'token_acc': 0.61, 'epoch': 0.96, 'global_step/max_steps': '90/94', "
        b"'percentage': '95.74%', 'elapsed_time': '2m 52s', 'memory(GiB)': 6.5}"
    )

    assert said(HUGGING_FACE, line) == {
        "loss": 1.5,
        "step": 90,
        "planned_steps": 94,
        "run_clock": 172,
    }


@pytest.mark.parametrize("percent", [2, 5, 9, 10, 13, 19, 20, 25, 55, 99, 100])
@pytest.mark.parametrize("width", [10, 70])
def test_the_progress_bar_adds_the_step(percent, width):
    line = bar(percent, percent * 3, 300, width=width)

    assert said(HUGGING_FACE, line) == {
        "step": 3 * percent,
        "planned_steps": 300,
        "run_clock": 17 * 60 + 22,
    }
    assert not HUGGING_FACE.parse(line).opens


@pytest.mark.parametrize("percent", range(101))
def test_a_bar_is_found_by_its_needles(percent):
    line = bar(percent, percent * 3, 300)

    assert any(needle in line for needle in HUGGING_FACE.needles)


def test_a_bar_of_hours():
    line = bar(99, 1169, 1170, "1:20:31<00:04")

    assert said(HUGGING_FACE, line) == {
        "step": 1169,
        "planned_steps": 1170,
        "run_clock": 3600 + 20 * 60 + 31,
    }


@pytest.mark.parametrize("name", [b"Map: ", b"Epoch 0: ", b"Loading checkpoint shards: "])
def test_bars_with_a_name_are_not_the_trainers(name):
    assert HUGGING_FACE.parse(name + bar(50, 150, 300).strip()) is None


def test_a_bar_and_a_dictionary_in_one_line():
    line = bar(68, 205, 300) + b"{'loss': 0.503, 'epoch': 6.63}"

    assert said(HUGGING_FACE, line) == {
        "step": 205,
        "planned_steps": 300,
        "loss": 0.503,
        "run_clock": 1042,
    }
    assert HUGGING_FACE.parse(line).opens


def test_what_another_program_writes_behind_a_bar_is_left_to_it():
    """A bar has no line end, so that the next line of DeepSpeed goes on in its line."""
    line = bar(8, 1999, 24128) + (
        b"[2025-03-04 05:06:07,089] [INFO] [logging.py:69:log_dist] [Rank 0] step=2000, "
        b"skipped=5, lr=[0.001], mom=[0.0]"
    )

    assert HUGGING_FACE.parse(line) is None
    assert said(DEEPSPEED, line) == {"step": 2000, "skipped_total": 5}


def test_the_same_dictionary_by_a_logger_of_llama_factory_is_not_read_twice():
    line = bar(68, 205, 300) + (
        b"[INFO|2025-03-04 05:06:07] llamafactory.train.callbacks:143 >> "
        b"{'loss': 0.5030, 'learning_rate': 1.1604e-05, 'epoch': 6.63, 'throughput': 1837.16}"
    )

    assert HUGGING_FACE.parse(line) is None


def test_the_clock_of_the_dictionary_goes_before_that_of_the_bar():
    line = bar(68, 205, 300) + b"{'loss': 0.5, 'train_runtime': '1042.25', 'epoch': 6.63}"

    assert said(HUGGING_FACE, line)["run_clock"] == 1042.25


def test_bars_of_evaluations_add_nothing_to_a_record():
    """The first bar behind a dictionary is the one of training; what it says stays."""
    lines = [
        *(b"\r" + bar(10, 10, 100, "00:50<07:30"), b"\r" + b" " * 60 + b"\r{'loss': 2.5}\n"),
        *(b"\r" + bar(10, 10, 100, "00:50<07:30"), b"\r" + bar(20, 20, 100, "01:40<06:40")),
        *(b"\r" + b" " * 60 + b"\r{'loss': 2.0}\n", b"\r" + bar(20, 20, 100, "01:40<06:40")),
        *(b"\r" + bar(40, 2, 5, "00:02<00:03"), b"\r" + bar(100, 5, 5, "00:05<00:00")),
    ]

    assert read(b"".join(lines), "step") == [10, 20]
    assert read(b"".join(lines), "run_clock") == [50, 100]


def test_a_long_log_of_returns():
    """Bars of 10 steps and a dictionary stand in one line, and are read in their order."""
    lines = []
    for step in range(1, 3001):
        lines.append(b"\r" + bar(step * 100 // 3000, step, 3000, clock(step) + "<59:59"))
        if step % 10 == 0:
            lines.append(b"\r" + b" " * 60 + b"\r{'loss': 2.125, 'epoch': 0.5}\n" + lines[-1])
    data = b"".join(lines) + b"\n"

    assert read(data, "step") == list(range(10, 3001, 10))
    assert read(data, "run_clock") == [5 * step for step in range(10, 3001, 10)]


def clock(step):
    """Return the clock of a bar at 5 s a step, as tqdm writes it."""
    minutes, seconds = divmod(5 * step, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


def read(data, field):
    """Return the values of a field that the reader of lines finds."""
    reader = LineReader([HUGGING_FACE])
    chunks = [*reader.feed(data), *reader.close()]
    return [value for chunk in chunks if len(chunk) for value in chunk.columns[field]]


def test_a_line_of_the_trainer_log_of_llama_factory():
    line = (
        b'{"current_steps": 10, "total_steps": 300, "loss": 0.9, "lr": 1e-05, "epoch": 0.3, '
        b'"percentage": 3.33, "elapsed_time": "0:00:53", "total_tokens": 97312}'
    )

    assert said(HUGGING_FACE, line) == {
        "step": 10,
        "planned_steps": 300,
        "loss": 0.9,
        "tokens_total": 97312,
        "run_clock": 53,
    }


def test_the_last_line_gives_no_step_time():
    """Its steps a second count steps of other sessions, and evaluation is in its time."""
    line = (
        b"{'train_runtime': 64358.5, 'train_samples_per_second': 1.5, "
        b"'train_steps_per_second': 0.085, 'train_loss': 2.1, 'epoch': 3.0}"
    )

    assert HUGGING_FACE.parse(line).event == END
    assert said(HUGGING_FACE, line) == {"run_clock": 64358.5}


@pytest.mark.parametrize("name", [b"eval_runtime", b"eval_wikitext_runtime"])
def test_an_evaluation(name):
    line = (
        b"{'eval_loss': 2.5, '" + name + b"': 1.0896, 'eval_samples_per_second': 9.1, 'epoch': 1.0}"
    )

    assert HUGGING_FACE.parse(line).event == EVALUATION
    assert said(HUGGING_FACE, line) == {"evaluation_time": 1.0896}


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        (b"  Instantaneous batch size per device = 4", {"micro_batch_size": 4}),
        (
            b"  Total train batch size (w. parallel, distributed & accumulation) = 1,024",
            {"global_batch_size": 1024},
        ),
        (b"  Gradient Accumulation steps = 8", {"accumulation": 8}),
        (b"  Total optimization steps = 73,000", {"planned_steps": 73000}),
        (
            b"trainable params: 40,370,176 || all params: 8,070,631,424 || trainable%: 0.5",
            {"parameters": 8070631424},
        ),
    ],
)
def test_the_header(text, fact):
    line = b"[INFO|trainer.py:2420] 2025-03-04 05:06:07,089 >> " + text

    assert HUGGING_FACE.parse(line).event == FACT
    assert said(HUGGING_FACE, line) == fact


def test_the_launch_and_a_checkpoint():
    stamp = b"[INFO|trainer.py:2414] 2025-03-04 05:06:07,089 >> "

    assert HUGGING_FACE.parse(stamp + b"***** Running training *****").event == LAUNCH
    assert (
        HUGGING_FACE.parse(stamp + b"Saving model checkpoint to out/checkpoint-300").event
        == CHECKPOINT
    )


@pytest.mark.parametrize(
    "line", [b"{'task': {'name': 'Causal Language Modeling'}}", b"{'rewards/chosen': 1.0}", b"%|"]
)
def test_other_dictionaries_say_nothing(line):
    assert HUGGING_FACE.parse(line) is None
