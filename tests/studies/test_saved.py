"""Saved results read back: what is whole passes as it is, anything else is one clear error."""

import base64
import gzip
import io
import json
import sys
from types import SimpleNamespace

import pytest

from llmcost import InputError
from llmcost.studies.saved import Saved, read_results, read_saved, saved_results
from tests.saved_kinds import MAKERS, saved, saved_file


def refused(path):
    """The message with which a file is refused."""
    with pytest.raises(InputError) as caught:
        read_saved(path)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 600
    return message


def changed(folder, kind, change):
    """A file of a result that was changed by hand."""
    data = saved(kind)
    change(data)
    path = folder / "changed.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", MAKERS)
def test_every_kind_of_result_is_read_back_as_it_was_saved(kind, tmp_path):
    assert read_saved(saved_file(tmp_path, kind)) == Saved(f"{kind}.json", saved(kind))


def test_a_result_tells_its_kind(tmp_path):
    one = read_saved(saved_file(tmp_path, "claims"))

    assert (one.schema, one.kind) == ("llmcost.reconciliation/1", "reconciliation")


def test_standard_input_is_read(monkeypatch):
    text = json.dumps(saved("sensitivity")).encode()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text)))

    assert read_saved("-").name == "standard input"


def test_a_file_that_is_not_there_or_no_file_is_refused(tmp_path):
    assert "There is no file" in refused(tmp_path / "none.json")
    assert "is a folder" in refused(tmp_path)
    assert "cannot be read" in refused("a\0b")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b" \n ", "is empty"),
        (b"\x89PNG\r\n\x1a\n\xff", "is not UTF-8 text (byte 0)"),
        (b"hello", "is not JSON at line 1, column 1"),
        (b'{"schema": "llmcost.estimate/1", "inp', "is not JSON at line 1"),
        (b"[1, 2]", "holds a list"),
        (b"null", "holds nothing"),
        (b"17", "holds a number"),
        (b"{}", "an object without a schema"),
        (b'{"schema": 5}', "schema is 5"),
        (b'{"schema": "other/1"}', "which no report is made of"),
        (b'{"schema": "llmcost.estimate/2"}', "this program reads llmcost.estimate/1"),
        (b'{"schema": "llmcost.estimate/0"}', "this program reads llmcost.estimate/1"),
        (b'{"schema": "llmcost.estimate"}', "this program reads llmcost.estimate/1"),
        (b'{"schema": "llmcost.estimte/1"}', "Did you mean llmcost.estimate/1"),
        (b'{"schema": "llmcost.estimate/1"}', "llmcost_version is missing"),
        (b'{"schema": "llmcost.estimate/1", "draws": NaN}', "NaN is no number of JSON"),
        (b'{"schema": "llmcost.estimate/1", "draws": 1e999}', "draws is inf"),
        (b'{"schema": "llmcost.estimate/1", "draws": 1' + b"0" * 400 + b"}", "a finite number"),
        (b'{"schema": "x", "a": ' + b"[" * 99_999 + b"]" * 99_999 + b"}", "nested too deep"),
        (b'{"schema": "x", "a": ' + b"[" * 60 + b"]" * 60 + b"}", "at most 40"),
        (b'{"schema": "x", "a": 1' + b"0" * 5000 + b"}", "needs JSON numbers"),
        (b"<html><body>No result</body></html>", "holds no result"),
    ],
)
def test_a_file_that_is_no_whole_result_is_refused(content, told, tmp_path):
    path = tmp_path / "wrong.json"
    path.write_bytes(content)

    assert told in refused(path)
    assert "wrong.json" in refused(path)


@pytest.mark.parametrize(
    ("kind", "path", "value", "told"),
    [
        ("estimate", "results.cost.low", "abc", "results.cost.low is 'abc'; needs a number"),
        ("estimate", "results.cost.low", 1e99, "results.cost.low is 1e+99; needs at most high"),
        ("estimate", "results.cost.high", None, "results.cost is {'low'"),
        ("estimate", "results.cost", 5, "results.cost is 5; needs an object"),
        ("estimate", "interval", 80, "interval is 80; needs a share above 0 and below 1"),
        ("estimate", "inputs.mfu.origin.kind", "guess", "inputs.mfu.origin.kind is 'guess'"),
        ("estimate", "warnings", {}, "warnings is {}; needs a list"),
        ("estimate", "memory.fits", 1, "memory.fits is 1; needs true or false"),
        ("comparison", "setups.1.name", "h100-sxm", "setups[1].name is 'h100-sxm'; needs a name"),
        ("comparison", "order", ["h100-sxm"], "order is ['h100-sxm']; needs the name of every"),
        ("comparison", "best", {"cost": "x"}, "needs the name of a setup"),
        ("comparison", "setups", [], "setups is []; needs a list of at least 1"),
        ("sensitivity", "rows.0.at_low", None, "rows[0].at_low is None; needs a number"),
        ("sensitivity", "rows.0.low", "many", "all numbers or all words"),
        ("reconciliation", "rows.0.said", "July", "rows[0].said is 'July'; needs a date"),
        ("validation", "summary.throughput.overall.within_10", 80, "needs a share from 0 to 1"),
        ("facts", "results.0.as_of", "2026-02-30", "results[0].as_of is '2026-02-30'"),
        ("facts", "kind", "stars", "kind is 'stars'"),
        ("layouts", "space", -1, "space is -1; needs a whole number"),
        ("method", "results.0.name", "", "needs text that is not empty"),
    ],
)
def test_a_part_that_is_wrong_is_named_with_its_place(kind, path, value, told, tmp_path):
    *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]

    def change(data):
        for key in way:
            data = data[key]
        data[last] = value

    assert told in refused(changed(tmp_path, kind, change))


def test_a_histogram_has_one_edge_more_than_counts(tmp_path):
    def change(data):
        data["histograms"]["cost"]["counts"].pop()

    message = refused(changed(tmp_path, "estimate", change))

    assert "histograms.cost is" in message
    assert "one edge more than counts" in message


def test_what_a_later_version_adds_is_left_alone(tmp_path):
    path = changed(tmp_path, "estimate", lambda data: data.update(news={"of": ["tomorrow"]}))

    assert read_saved(path).data["news"] == {"of": ["tomorrow"]}


def test_script_tags_in_names_pass_as_text(tmp_path):
    name = "<script>alert(1)</script>"
    path = changed(tmp_path, "estimate", lambda data: data["inputs"]["model"].update(value=name))

    assert read_saved(path).data["inputs"]["model"]["value"] == name


def test_the_same_file_twice_is_refused_whatever_its_spelling(tmp_path):
    path = saved_file(tmp_path, "method")

    with pytest.raises(InputError, match="twice; needs every file once"):
        saved_results([path, tmp_path / "." / "method.json"])


def test_no_file_and_too_many_files_are_refused():
    with pytest.raises(InputError, match="Got no file"):
        saved_results([])
    with pytest.raises(InputError, match="Got 101 files; needs at most 100"):
        saved_results([f"{number}.json" for number in range(101)])


def test_files_of_one_name_are_told_apart(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    paths = [saved_file(tmp_path / each, "method") for each in ("a", "b")]

    assert [one.name for one in saved_results(paths)] == [str(path) for path in paths]


def page(*blocks):
    """A page with blocks of JSON, as reports have them."""
    told = "".join(
        f'<script type="application/json" id="llmcost-result-{number}" data-name="{name}"'
        f"{more}>{text}</script>"
        for number, (name, text, more) in enumerate(blocks, start=1)
    )
    return f"<!doctype html><html><head><script>let a = 1;</script></head><body>{told}</body>"


def escaped(data):
    """JSON as it may stand in a page."""
    return json.dumps(data).replace("<", "\\u003c")


def test_a_page_of_ours_is_read_back(tmp_path):
    one, other = saved("method"), saved("sensitivity")
    one["method"] = "</script><b>"
    packed = base64.b64encode(gzip.compress(json.dumps(other).encode())).decode()
    path = tmp_path / "report.html"
    path.write_text(
        page(
            ("m.json", escaped(one), ""),
            ("s &amp; t.json", packed, ' data-encoding="gzip base64"'),
        )
    )

    assert read_results(path) == (Saved("m.json", one), Saved("s & t.json", other))
    assert "holds 2 results (m.json, s & t.json); needs one" in refused(path)


@pytest.mark.parametrize("text", ["no base64!", "aGVsbG8=", "", "H4sIAAAAAAAA/w=="])
def test_a_damaged_packed_result_is_refused(text, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(page(("m.json", text, ' data-encoding="gzip base64"')))

    assert "packed result in the page is damaged" in refused(path)


def test_a_page_that_is_cut_off_is_refused(tmp_path):
    path = tmp_path / "report.html"
    path.write_text(page(("m.json", escaped(saved("method")), ""))[:300])

    assert "is cut off" in refused(path)
