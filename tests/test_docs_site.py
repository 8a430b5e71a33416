"""The site of the documents: it builds without a warning, its links hold, and it is complete."""

import importlib
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
import pytest

from llmcost.cli.main import COMMANDS, cli
from llmcost.studies.answers import RESULT_UNITS
from llmcost.studies.explained_formulas import FORMULAS
from llmcost.studies.explanation import explain, explanations

ROOT = Path(__file__).parent.parent
HOOKS = ROOT / "docs" / "hooks"
# Formulas that no line of mathematics says: cases, and a table of a paper.
IN_WORDS = {"recompute_forward_share", "compute_optimal_tokens"}


@pytest.fixture(scope="module")
def hook():
    """A module of docs/hooks by its name, as the site loads it."""
    before = dict(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HOOKS))
        yield importlib.import_module
    for name in {path.stem for path in HOOKS.glob("*.py")} - before.keys():
        sys.modules.pop(name, None)


def subcommands(command, context):
    """Yield every command with its context."""
    yield command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            yield from subcommands(below, click.Context(below, info_name=name, parent=context))


def test_the_page_of_commands_has_every_option_with_its_variable(hook):
    page = hook("commands").page().replace("<wbr>", "")

    assert {f"## `llmcost {name}`" for name in COMMANDS} <= set(page.splitlines())
    for command, context in subcommands(cli, click.Context(cli, info_name="llmcost")):
        for option in command.params:
            shown = isinstance(option, click.Option) and not option.hidden
            if shown and command is not cli:
                assert option.opts[-1] in page, context.command_path
                assert not option.envvar or option.envvar in page


@pytest.mark.parametrize("name", sorted({*FORMULAS, "model_flop"} - IN_WORDS))
def test_a_formula_is_an_equation(hook, name):
    one = explain(name)
    known = {*explanations(), *dict(one.inputs), *hook("quantities").FURTHER}

    assert hook("latex").equation(name, one.formula, known)[0]


@pytest.mark.parametrize(
    ("expression", "latex"),
    [
        ("a x b", r"a \cdot b"),
        ("a / b / c", r"\frac{a}{b \cdot c}"),
        ("a / (b x c) / 3600", r"\frac{a}{b \cdot c \cdot 3600}"),
        ("a x 1 / b", r"\frac{a}{b}"),
        ("1 / (a x b)", r"\frac{1}{a \cdot b}"),
        ("a / (1 - b) x c", r"\frac{a \cdot c}{1 - b}"),
        ("(1 + a) / (b + c) / d", r"\frac{1 + a}{(b + c) \cdot d}"),
        ("exp(-a / b)", r"\exp(-\frac{a}{b})"),
        ("sqrt(2 d M) - d", r"\sqrt{2 \, d \, M} - d"),
        ("d / 2M", r"\frac{d}{2 \, M}"),
        ("(1 + r)^-n", r"(1 + r)^{-n}"),
        ("a / 1e6", r"\frac{a}{10^{6}}"),
        ("alpha^(1/b)", r"\alpha^{\frac{1}{b}}"),
        ("the sum of a", ""),
        ("a in full; b without", ""),
        ("(a", ""),
        ("a -", ""),
    ],
)
def test_an_expression_is_read_as_people_write_it(hook, expression, latex):
    """Expected: the expressions set by hand."""
    found, _ = hook("latex").equation("y", expression, ())

    assert found == (f"y = {latex}" if latex else "")


def test_words_after_an_equation_are_kept(hook):
    assert hook("latex").equation("y", "a x b, a the width", ())[1] == "a the width"


def test_the_page_of_formulas_links_their_papers(hook):
    page = hook("quantities").formulas_page()

    assert "[arXiv 2001.08361](https://arxiv.org/abs/2001.08361)" in page
    assert (
        "[doi 10.1016/j.future.2004.11.016](https://doi.org/10.1016/j.future.2004.11.016)" in page
    )
    assert all(f"{{: #{name.replace('_', '-')} }}" in page for name in FORMULAS)


def test_the_page_of_quantities_has_all_results(hook):
    page = hook("quantities").quantities_page()

    assert not [name for name in (*RESULT_UNITS, *explanations()) if f"`{name}`" not in page]


def test_the_data_dictionary_tells_units_and_rules(hook):
    page = hook("facts").page()

    assert "| `peak_bf16 [TFLOP/s/GPU]` | number | above 0 |" in page
    assert "| `name` | text | the key; required |" in page
    assert not [name for name in hook("facts").data_files() if f"## {name}" not in page]


def test_every_public_name_is_on_the_page_of_python(hook):
    import llmcost

    page = hook("python_names").page()
    assert not [name for name in llmcost._HOMES if f".{name}\n" not in page]


class Links(HTMLParser):
    """What a page refers to, and what of it can be referred to."""

    def __init__(self):
        super().__init__()
        self.links, self.loaded, self.anchors, self.headings = [], [], set(), []
        self.unnamed = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if given.get("src"):
            self.loaded.append(given["src"])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(given["href"])
        if tag == "img" and not given.get("alt"):
            self.unnamed.append(given.get("src"))
        if tag == "h1":
            self.headings.append(tag)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as it is published: strictly."""
    for needed in ("mkdocs", "material", "mkdocstrings", "latex2mathml"):
        pytest.importorskip(needed, reason="needs the extra docs")
    import subprocess

    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def read(site):
    """Each page of the site, read."""
    found = {}
    for path in site.rglob("*.html"):
        found[path] = Links()
        found[path].feed(path.read_text(encoding="utf-8"))
    return found


def test_every_page_is_there(site, read):
    navigation = re.findall(r": ([\w/-]+)\.md$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)

    assert len(navigation) > 15
    assert not [name for name in navigation if site / f"{name}.html" not in read]
    assert all(len(page.headings) == 1 for page in read.values())


def test_links_within_the_site_hold(site, read):
    broken = []
    for path, page in read.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or path.name == "404.html":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            known = read[target].anchors | {""} if target in read else {""}
            if not target.exists() or unquote(parts.fragment) not in known:
                broken.append(f"{path.relative_to(site)}: {link}")

    assert not broken


def test_pages_load_nothing_from_elsewhere(site, read):
    loaded = [one for page in read.values() for one in page.loaded if urlsplit(one).netloc]
    styles = [
        found
        for path in site.rglob("*.css")
        for found in re.findall(r"url\(\s*['\"]?(https?:[^)]*)", path.read_text(encoding="utf-8"))
    ]

    assert not loaded
    assert not styles


def test_equations_are_mathematics_that_browsers_draw(site):
    page = (site / "formulas.html").read_text(encoding="utf-8")

    assert page.count("<math ") > 40
    assert not re.search(r"equation\d+place", page)
    assert "```math" not in page


def test_every_picture_has_words_in_its_place(read):
    assert not [one for page in read.values() for one in page.unnamed]


def test_hooks_are_not_published(site):
    assert not (site / "hooks").exists()
    assert not list(site.rglob("*.py"))
