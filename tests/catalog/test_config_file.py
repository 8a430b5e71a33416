"""Reading a config.json that cannot be trusted."""

import json
import re

import pytest

from llmcost.catalog.config_file import MAX_BYTES, read_config
from llmcost.errors import InputError


@pytest.fixture
def write(tmp_path):
    def _write(content):
        path = tmp_path / "config.json"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return _write


def test_a_plain_config_is_returned_as_it_is(write):
    config = {"model_type": "llama", "rope_scaling": {"factor": 8.0}, "n": None, "l": [1, True]}

    assert read_config(write(json.dumps(config))) == config


def test_a_byte_order_mark_does_no_harm(write):
    assert read_config(write(b'\xef\xbb\xbf{"a": 1}')) == {"a": 1}


BAD = {
    "empty": ("", "not JSON"),
    "truncated": ('{"model_type": "llama", "hidden', "not JSON"),
    "not JSON": ("model_type: llama", "not JSON"),
    "trailing text": ('{"a": 1} and more', "not JSON"),
    "not UTF-8": (b'{"a": "\xff\xfe"}', "not UTF-8"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
    "a list": ("[1, 2]", "not a table"),
    "a number": ("3", "not a table"),
    "nested": ("[" * 10_000 + "]" * 10_000, "nested too deeply"),
    "nested tables": ('{"a":' * 10_000 + "1" + "}" * 10_000, "nested too deeply"),
    "duplicate": ('{"hidden_size": 1, "hidden_size": 2}', "'hidden_size' twice"),
    "NaN": ('{"a": NaN}', "NaN"),
    "infinity": ('{"a": -Infinity}', "-Infinity"),
    "overflow": ('{"a": 1e999}', "too large"),
    "many digits": ('{"a": ' + "9" * 5000 + "}", "5000 digits"),
    "large": ('{"a": "' + "x" * MAX_BYTES + '"}', "larger than 4 MB"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gives_one_clear_error(write, name):
    content, expected = BAD[name]

    with pytest.raises(InputError, match=expected) as raised:
        read_config(write(content))

    assert "config.json" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_config(tmp_path / "config.json")


def message_of(path):
    """Return the message of the error that reading `path` raises."""
    with pytest.raises(InputError) as raised:
        read_config(path)
    return str(raised.value)


def test_a_folder_is_said_to_be_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dir").mkdir()

    assert message_of("dir") == (
        "The file 'dir' is a folder. Give the path of a model's config.json."
    )


def test_a_device_is_told_once():
    assert message_of("/dev/zero") == (
        "The file '/dev/zero' is not a plain file. Give the path of a model's config.json."
    )


@pytest.mark.parametrize("content", ['{"a": 1', '{"a": }', "", '{"a" 1}', '["'])
def test_what_is_not_json_is_told_in_our_words(write, content):
    message = message_of(write(content))

    assert "not JSON" in message
    assert not re.search("Expecting|delimiter|Unterminated|Extra data|property name", message)


def test_a_truncated_file_is_said_to_end_too_early(write):
    assert "ends too early" in message_of(write('{"model_type": "llama", '))


LIMITS = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "n_ctx")
NO_LIMITS = ("8192", -1, 0, True, 8192.5, [8192], {"a": 1}, "", 10**20)


@pytest.mark.parametrize("field", LIMITS)
@pytest.mark.parametrize("value", NO_LIMITS, ids=repr)
@pytest.mark.parametrize("inside", [False, True], ids=["at the top", "in text_config"])
def test_a_position_limit_that_is_none_is_refused(write, field, value, inside):
    fields = {"model_type": "llama", field: value}
    message = message_of(write(json.dumps({"text_config": fields} if inside else fields)))

    assert f"'{field}'" in message
    assert "whole number" in message
    assert len(message) < 400


@pytest.mark.parametrize("value", [None, 1, 8192, 10_485_760])
def test_a_position_limit_may_be_null_or_any_length(write, value):
    config = {"max_position_embeddings": value}

    assert read_config(write(json.dumps(config))) == config


def test_a_name_that_no_file_can_have_is_refused():
    with pytest.raises(InputError, match="cannot be read"):
        read_config("con\0fig.json")


def test_a_device_is_refused():
    with pytest.raises(InputError, match="not a plain file"):
        read_config("/dev/null")


def test_half_a_million_fields_with_one_twice_are_refused(write):
    fields = ",".join(f'"{number:x}":1' for number in [*range(300_000), 299_999])

    with pytest.raises(InputError, match="twice"):
        read_config(write("{" + fields + "}"))
