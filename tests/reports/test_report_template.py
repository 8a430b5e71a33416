"""A user's own template gets plain data, and nothing beyond its folder, its time and its memory."""

import json

import pytest

from llmcost.errors import InputError
from llmcost.render.reports import template_worker
from llmcost.render.reports.template import MOST_BYTES, context, from_template
from tests.render.report_fakes import SCRIPT, report

pytest.importorskip("jinja2")


@pytest.fixture
def made(tmp_path):
    """Return what a template makes of the report, run in this process."""

    def make(text, *, escape=False):
        (tmp_path / "own.txt").write_text(text, encoding="utf-8")
        told = json.loads(json.dumps(context(report())))
        asked = {"folder": str(tmp_path), "name": "own.txt", "escape": escape, "context": told}
        return template_worker.run(asked)

    return make


def test_it_gets_the_words_of_the_report(made):
    text = (
        "{{ report.title }}|{{ report.sections[1].pictures[0].title }}|{{ report.made_by[1].text }}"
    )

    assert made(text)["text"] == (
        f"Training llama-3.1-405b on 16,000 h100-sxm {SCRIPT}"
        "|gb200:20000 is fastest, a100-sxm:4096 cheapest|0.1.0"
    )


def test_it_gets_tables_as_full_values_and_as_texts(made):
    text = (
        "{% for row in tables.numbers.rows %}{{ row.value }} {{ row.unit }};{% endfor %}"
        "{{ tables.numbers.texts[1].value }} of {{ tables.numbers.fields[1].title }}"
    )

    assert made(text)["text"] == "30800000.0 GPU*hour;77000000.0 USD;80.3 day;$77M of Value"


def test_it_gets_the_results(made):
    text = "{% for name, data in results.items() %}{{ data.schema }}{% endfor %}"

    assert made(text)["text"] == "llmcost.estimate/1"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ 117058000|quantity('USD') }}", "$117M"),
        ("{{ 60960000|span(128100000, 'USD') }}", "$61.0M – $128M"),
        ("{{ '50% of a_b'|latex }}", r"50\% of a\_b"),
        ("{{ 'a|b'|markdown }}", r"a\|b"),
        ("{{ report.summary[1]|cited }}", "lie below $140M [2]."),
    ],
)
def test_filters_write_numbers_and_texts_as_reports_do(made, text, told):
    assert made(text)["text"].endswith(told)


def test_names_are_escaped_in_a_page(made):
    assert SCRIPT not in made("{{ report.title }}", escape=True)["text"]
    assert "&lt;script&gt;" in made("{{ report.title }}", escape=True)["text"]


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ("a\n{{ nothing.at_all }}", 2, "'nothing' is undefined"),
        ("a\nb\n{% if %}", 3, "Expected an expression"),
        ("{{ ''.__class__.__mro__ }}", 1, "may not do this"),
        ("{{ cycler.__init__.__globals__ }}", 1, "may not do this"),
        ("\n{{ report.summary.append('x') }}", 2, "may not do this"),
        ("{% for i in range(10**9) %}x{% endfor %}", 1, "too large"),
        ("{% for i in range(9999) %}{{ 'x' * 10000 }}{% endfor %}", None, "more text"),
        ("{% include 'own.txt' %}", 1, "without end"),
        ("{{ 'a'|quantity('USD') }}", 1, "could not convert"),
        ("x\n{{ 1 / 0 }}", 2, "ZeroDivisionError"),
        ("{% include '../secret.txt' %}", 1, "in the template's folder"),
        ("{% include '/etc/passwd' %}", 1, "in the template's folder"),
        ("{% include 'link.txt' %}", 1, "in the template's folder"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(made, tmp_path, text, line, complaint):
    (tmp_path.parent / "secret.txt").write_text("secret", encoding="utf-8")
    (tmp_path / "link.txt").symlink_to(tmp_path.parent / "secret.txt")
    told = made(text)

    assert complaint in told["error"]
    assert "\n" not in told["error"]
    if line is not None:
        assert (told["file"], told["line"]) == ("own.txt", line)


def test_a_part_in_the_same_folder_may_be_included(made, tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "head.txt").write_text("{{ report.title }}", encoding="utf-8")

    assert "llama" in made("{% include 'parts/head.txt' %}")["text"]


def test_it_runs_in_a_process_of_its_own(tmp_path):
    (tmp_path / "mail.html").write_text("<b>{{ report.title }}</b>\n", encoding="utf-8")
    (text,) = from_template(report(), tmp_path / "mail.html", "out.html").values()

    assert text.startswith(b"<b>Training llama-3.1-405b on 16,000 h100-sxm &lt;script&gt;")


def test_a_failing_template_is_one_error_with_file_and_line(tmp_path):
    (tmp_path / "mail.txt").write_text("a\n{{ nothing }}\n", encoding="utf-8")

    with pytest.raises(InputError, match=r"mail\.txt, line 2: 'nothing' is undefined"):
        from_template(report(), tmp_path / "mail.txt", "out.txt")


def test_a_template_without_end_is_stopped(tmp_path):
    loop = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    (tmp_path / "loop.txt").write_text(loop, encoding="utf-8")

    with pytest.raises(InputError, match=r"loop\.txt: it was stopped after 3 s"):
        from_template(report(), tmp_path / "loop.txt", "out.txt", seconds=3)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "cannot read"),
        (b"\xff\xfe", "not UTF-8"),
        (b"x" * (MOST_BYTES + 1), "needs at most 2,000,000"),
    ],
)
def test_a_file_that_is_no_template_is_refused(tmp_path, content, complaint):
    path = tmp_path / "t.txt"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(InputError, match=complaint):
        from_template(report(), path, "out.txt")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        from_template(report(), tmp_path, "out.txt")
