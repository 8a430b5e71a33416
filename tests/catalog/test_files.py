"""A folder of the user's own facts that cannot be read, told in our words."""

import re
import tomllib

import pytest

from llmcost.catalog import files
from llmcost.catalog.columns import Column, DataFile
from llmcost.catalog.files import data_folder
from llmcost.catalog.model_types import known_names, model_type, supported
from llmcost.errors import DataError

FILE = DataFile(
    "gpu_prices.csv",
    ("id",),
    (
        Column("id", required=True),
        Column("price", "number", "USD/GPU/hour", positive=True),
        Column("share", "number", minimum=0, maximum=1),
        Column("count", "count", minimum=1),
        Column("note"),
        Column("date", "date"),
    ),
)
HEADER = "id,price [USD/GPU/hour],share,count,note,date\n"
ROW = "a,2.5,0.5,3,plain,2026-01\n"
FOREIGN_WORDS = re.compile(
    r"codec|field limit|NUL|Errno|unexpected end|expected after|out of range|\binf\b|Traceback"
)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return a function that writes one file of the overlay and returns the message of reading."""
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    (shipped / FILE.name).write_text(HEADER)
    (shipped / "sources.toml").write_text("")
    overlay = tmp_path / "own"
    overlay.mkdir()
    monkeypatch.setattr(files, "data_folder", lambda _name="data": shipped)
    monkeypatch.setenv(files.OVERLAY, str(overlay))
    files.clear_cache()
    yield overlay
    files.clear_cache()


def message_of(own, content, name=FILE.name):
    """Write one file of the overlay and return the message of reading it."""
    (own / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return refused()


def refused():
    """Return the message of reading the file, checked for what every message must be."""
    with pytest.raises(DataError) as raised:
        files.read(FILE)
    message = str(raised.value)
    assert "\n" not in message
    assert not FOREIGN_WORDS.search(message), message
    assert len(message.replace(str(raised.value.file), "")) < 250
    return message


def test_a_row_of_ones_own_is_read(own):
    (own / FILE.name).write_text(HEADER + ROW)

    assert [row["price"] for row in files.read(FILE)] == [2.5]


def test_a_folder_with_the_name_of_a_file(own):
    (own / FILE.name).mkdir()

    message = refused()

    assert "gpu_prices.csv" in message
    assert "is a folder" in message


def test_a_name_that_is_almost_that_of_a_data_file(own):
    message = message_of(own, HEADER + ROW, "gpu_price.csv")

    assert "gpu_price.csv" in message
    assert "Did you mean gpu_prices.csv?" in message


def test_a_name_like_no_data_file_gets_the_list(own):
    message = message_of(own, "", "zzz.toml")

    assert "zzz.toml" in message
    assert "gpu_prices.csv or sources.toml" in message


@pytest.mark.parametrize("name", ["README.md", "llmcost.toml", "pyproject.toml", ".#gpu_price.csv"])
def test_files_that_are_no_data_do_no_harm(own, name):
    (own / name).write_text("anything")

    assert files.read(FILE) == []


BAD = {
    "missing columns": ("id,note\na,b\n", "missing price [USD/GPU/hour], share"),
    "unknown column": (HEADER.replace("note", "nota"), "unknown 'nota'"),
    "a header twice": (HEADER.replace("note", "id"), "a header twice"),
    "empty": ("", "missing id"),
    "Latin-1": ((HEADER + ROW.replace("plain", "caf\xe9")).encode("latin-1"), "UTF-8"),
    "UTF-16": ((HEADER + ROW).encode("utf-16"), "UTF-8"),
    "a long cell": (HEADER + ROW.replace("plain", "x" * 10_000_000), "131,072 characters"),
    "a NUL byte": (HEADER + ROW.replace("plain", "pla\0in"), "zero byte"),
    "a quote left open": (HEADER + ROW.replace("plain", '"plain'), "quote"),
    "text after a quote": (HEADER + ROW.replace("plain", '"plain" b'), "quote"),
    "too few cells": (HEADER + "a,b\n", "2 cells"),
    "text for a number": (HEADER + ROW.replace("2.5", "two"), "needs a number"),
    "a negative price": (HEADER + ROW.replace("2.5", "-2.5"), "needs more than 0"),
    "a share above 1": (HEADER + ROW.replace("0.5", "1.5"), "needs at least 0 and at most 1"),
    "a count of 0": (HEADER + ROW.replace(",3,", ",0,"), "needs at least 1"),
    "a day that is none": (HEADER + ROW.replace("2026-01", "2026-02-30"), "2026-02-30"),
    "a month that is none": (HEADER + ROW.replace("2026-01", "2026-13"), "calendar"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_wrong_file_is_one_clear_message(own, kind):
    content, words = BAD[kind]

    message = message_of(own, content)

    assert words in message
    assert FILE.name in message


def test_missing_columns_say_where_the_right_ones_are(own):
    assert "Copy the header line of the shipped gpu_prices.csv" in message_of(own, "id\na\n")


def test_the_line_of_a_long_cell_is_named(own):
    content = HEADER + ROW + ROW.replace("a,", "b,").replace("plain", "x" * 200_000)

    assert "line 3" in message_of(own, content)


@pytest.mark.parametrize("folder", ["/no/such/folder", "x" * 5000], ids=["missing", "long"])
def test_a_folder_that_is_not_there(monkeypatch, folder):
    monkeypatch.setenv(files.OVERLAY, folder)

    assert files.OVERLAY in refused()


@pytest.mark.parametrize("content", [b"a = \n", b"[a\n", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_a_wrong_toml_is_told_in_our_words(own, content):
    path = files.data_folder() / "sources.toml"
    path.write_bytes(content)

    with pytest.raises(DataError, match=r"not TOML|not UTF-8") as raised:
        files.read_toml("sources.toml")

    assert not re.search("codec|Invalid|Expected|Cannot overwrite", str(raised.value))
    assert own.is_dir()


def test_clearing_the_cache_forgets_what_was_made_of_the_facts(tmp_path, monkeypatch):
    from llmcost.catalog.gpus import accelerator
    from llmcost.catalog.version import data_version

    header, *rows = (files.data_folder() / "gpu_specs.csv").read_text(encoding="utf-8").splitlines()
    row = next(line for line in rows if line.startswith("h200-sxm,"))
    own = tmp_path / "gpu_specs.csv"
    own.write_text(f"{header}\n{row.replace('h200-sxm', 'mine', 1)}\n", encoding="utf-8")
    monkeypatch.setenv(files.OVERLAY, str(tmp_path))
    before = accelerator("mine").memory, data_version()
    own.write_text(
        f"{header}\n{row.replace('h200-sxm', 'mine', 1).replace(',141,', ',282,', 1)}\n",
        encoding="utf-8",
    )
    files.clear_cache()

    assert accelerator("mine").memory == 2 * before[0]
    assert data_version() != before[1]


def test_nobody_can_change_a_fact_by_holding_it():
    from llmcost.catalog.gpus import GPU_SPECS
    from llmcost.catalog.models import model

    with pytest.raises(TypeError):
        files.read(GPU_SPECS)[0]["peak_bf16"] = 1
    with pytest.raises(TypeError):
        model("llama-3.1-8b").config["num_hidden_layers"] = 1


def test_a_toml_file_that_would_be_ignored_is_refused(tmp_path, monkeypatch):
    (tmp_path / "model_types.toml").write_text("", encoding="utf-8")
    monkeypatch.setenv(files.OVERLAY, str(tmp_path))

    with pytest.raises(DataError, match=r"only CSV files, calibration\.toml and sources\.toml"):
        files.overlay_folder()


def test_model_types_read_one_by_one_are_those_of_the_whole_file():
    """The parser of the standard library over the whole file is the reference."""
    whole = tomllib.loads((data_folder() / "model_types.toml").read_text(encoding="utf-8"))

    assert supported() == tuple(whole["types"])
    assert known_names() == (*whole["types"], *whole["same_as"], *whole["wrappers"])
    for name, entry in whole["types"].items():
        kind = model_type(name)
        assert (kind.defaults, kind.rules) == (entry["defaults"], entry["rules"])
        assert kind.harmless >= set(whole["common"]["harmless"])
        assert set(kind.names) == {*entry["fields"], *entry.get("names", {})}
