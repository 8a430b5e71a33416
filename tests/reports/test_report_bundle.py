"""The bundle holds every row of every table, the results, and tells what each file is."""

import csv
import io
import json
import re
import zipfile

import pytest

from llmcost.errors import InputError
from llmcost.render.reports.bundle import bundle
from tests.render.report_fakes import report


def opened(made):
    (data,) = made.values()
    return zipfile.ZipFile(io.BytesIO(data))


@pytest.fixture(scope="module")
def archive():
    return opened(bundle(report(rows=1000), "what we need"))


@pytest.fixture(scope="module")
def package(archive):
    return json.loads(archive.read("datapackage.json"))


def rows_of(archive, path):
    return list(csv.reader(io.StringIO(archive.read(path).decode("utf-8"))))


def test_it_is_one_file_of_the_name_asked_for():
    assert list(bundle(report(), "what we need")) == ["what we need.zip"]


def test_every_file_is_told_and_nothing_else(archive, package):
    told = {resource["path"] for resource in package["resources"]}
    beside = {"README.txt", "datapackage.json", "methods.txt", "sources.bib"}

    assert told | beside == set(archive.namelist())
    assert len(archive.namelist()) == len(set(archive.namelist()))


def test_tables_are_in_full_with_units_in_their_heads(archive):
    rows = rows_of(archive, "tables/comparison-setups.csv")

    assert rows[0] == ["name", "gpus", "cost [USD]", "wall_clock [day]", "sources"]
    assert len(rows) == 1001
    assert rows[1] == ["h100-sxm:1000", "1000", "9870000.0", "10.0", "prices"]
    assert rows[2][2] == ""


def test_numbers_drawn_are_tables_too(archive):
    assert "tables/estimate-picture-cost.csv" in archive.namelist()


def test_fields_have_the_names_of_the_columns_and_their_types(archive, package):
    for resource in package["resources"]:
        if resource["format"] == "csv":
            names = [field["name"] for field in resource["schema"]["fields"]]
            assert names == rows_of(archive, resource["path"])[0]
    setups = next(r for r in package["resources"] if r["name"] == "comparison-setups")
    types = {f["name"]: (f["type"], f.get("unit")) for f in setups["schema"]["fields"]}
    assert types["gpus"] == ("integer", None)
    assert types["cost [USD]"] == ("number", "USD")
    assert types["name"] == ("string", None)


def test_names_are_those_that_data_packages_allow(package):
    names = [resource["name"] for resource in package["resources"]]

    assert package["name"] == "what-we-need"
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9._-]+", name) for name in names)
    assert all(not re.search(r"\.\.|^/|\\", r["path"]) for r in package["resources"])


def test_sources_are_told_and_no_licence_is_claimed(package):
    assert {"title": "The Llama 3 Herd of Models", "path": "https://arxiv.org/abs/2407.21783"} in (
        package["sources"]
    )
    assert "licenses" not in package
    assert "javascript" not in json.dumps(package["sources"])


def test_results_come_back_as_they_were():
    data = {"schema": "llmcost.estimate/1", "n": 0.1 + 0.2, "text": "é <script>"}
    told = (("../../evil.json", data), ("evil.json", data), ("-", data))
    archive = opened(bundle(report(results=told)))

    names = [name for name in archive.namelist() if name.startswith("results/")]
    assert names == ["results/evil.json", "results/evil-2.json", "results/result.json"]
    assert all(json.loads(archive.read(name)) == data for name in names)


def test_a_result_that_json_cannot_say_is_refused():
    with pytest.raises(InputError, match="JSON"):
        bundle(report(results=(("a.json", {"n": float("nan")}),)))


def test_the_readme_tells_summary_command_and_warnings(archive):
    text = archive.read("README.txt").decode("utf-8")

    assert "Renting costs $77.0M" in text
    assert "Command: llmcost estimate" in text
    assert "- The price is older than 90 days" in text


def test_the_same_report_is_the_same_bytes():
    assert bundle(report()) == bundle(report())
    assert {entry.date_time for entry in opened(bundle(report())).infolist()} == {
        (1980, 1, 1, 0, 0, 0)
    }
