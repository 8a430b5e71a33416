"""The pages cannot rot: every command in them runs, and prints what they show."""

import re
from pathlib import Path

import pytest

from tests.docs_blocks import (
    DOCS,
    FILES,
    Shell,
    blocks_of,
    first_difference,
    pages,
    pictures_of,
    retold,
    rewrite,
    segments,
    told_by,
    write_file,
    write_named,
)

RUN = ("console", "sh", "python")
# Their results follow the prices of the day unless the day is given.
DATED = ("estimate", "compare", "sensitivity")
NAMES = [str(path.relative_to(DOCS)) for path in pages()]


def read(name):
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.fixture
def shell(empty_folder):
    """A shell in an empty folder, whose variables are gone after the page."""
    with pytest.MonkeyPatch.context() as patch:
        yield Shell(patch)


@pytest.mark.parametrize("name", [name for name in NAMES if "```" in read(name)])
def test_a_page_shows_what_its_commands_do(name, shell):
    names, faults, blocks = {}, [], blocks_of(read(name))
    for block in blocks:
        if block.skipped:
            continue
        write_named(blocks, block)
        if block.file_name:
            write_file(block)
        elif block.language == "python":
            exec(compile(block.text, f"{name}, line {block.line}", "exec"), names)
        elif block.language in ("console", "sh"):
            faults += [
                fault for command in block.commands if (fault := _run(shell, block, command))
            ]

    faults += [name for name in pictures_of(read(name)) if not _drawn(name)]
    assert not faults, "\n".join(faults)


def _drawn(name):
    """Tell whether a picture says what the one says that a command of the page has drawn."""
    return Path(name).is_file() and told_by(DOCS / "pictures" / name) == told_by(Path(name))


def _run(shell, block, command):
    """Run a command of a page; return what is wrong with it, or nothing."""
    code, printed = shell.run(command.text, () if command.shown else block.added)
    if code not in block.exits:
        return f"{command.text}: left with {code}\n  " + "\n  ".join(printed[-4:])
    difference = first_difference(command.shown, printed)
    return f"{command.text}: {difference}" if difference else ""


@pytest.mark.parametrize("name", NAMES)
def test_every_block_of_a_page_is_run_written_or_skipped_with_a_reason(name):
    """A language that nothing runs and nothing writes is a mistake, an illustration apart."""
    left = [
        f"line {block.line}: {block.language}"
        for block in blocks_of(read(name))
        if block.language not in (*RUN, *FILES, "math")
        or (block.language == "bash" and not block.skipped and not block.file_name)
    ]

    assert not left


@pytest.mark.parametrize("name", NAMES)
def test_an_output_that_is_shown_has_its_day(name):
    undated = [
        command.text
        for block in blocks_of(read(name))
        if block.language == "console" and not block.skipped and 2 not in block.exits
        for command in block.commands
        if command.shown and command.text.split()[1] in DATED and "--as-of" not in command.text
    ]

    assert not undated


def test_every_page_is_in_the_navigation_and_has_one_title():
    navigation = (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8")

    for name in NAMES:
        assert f" {name}\n" in navigation, name
        outside = re.sub(r"```.*?```", "", read(name), flags=re.DOTALL)
        assert len(re.findall(r"^# ", outside, re.MULTILINE)) == 1, name


PAGE = """
Words.

<!-- test: exit 1 2 with --draws 200 -->
```console
$ llmcost show a \\
    --b
first
...
third
$ llmcost explain
```

```toml
# plan.toml
x = 1
```

```sh
llmcost show gpus   # the facts
```
"""


def test_blocks_are_read_from_a_page():
    console, toml, sh = blocks_of(PAGE)

    assert [command.text.split() for command in console.commands] == [
        ["llmcost", "show", "a", "--b"],
        ["llmcost", "explain"],
    ]
    assert console.commands[0].shown == ("first", "...", "third")
    assert console.exits == {1, 2}
    assert console.added == ["--draws", "200"]
    assert toml.file_name == "plan.toml"
    assert sh.commands[0].text == "llmcost show gpus"


@pytest.mark.parametrize(
    ("shown", "printed", "holds"),
    [
        (["a", "b"], ["a", "b", "c"], True),
        (["a", "c"], ["a", "b", "c"], False),
        (["a", "...", "c"], ["a", "b", "c"], True),
        (["a", "...", "b", "d"], ["a", "b", "c", "d"], False),
        (["...", "c"], ["a", "b"], False),
        (["a", "..."], ["a", "b"], True),
        (["a"], [], False),
    ],
)
def test_a_beginning_with_elisions_is_held_against_what_is_printed(shown, printed, holds):
    assert (first_difference(shown, printed) == "") is holds


def test_what_is_shown_is_told_again():
    assert retold(["a", "...", "c", "..."], ["A", "b", "c", "d"]) == ["A", "...", "c", "..."]
    assert segments(["...", "x"]) == [(True, ["x"])]


def test_a_page_is_written_again(tmp_path):
    """The words stay; what a command prints is put below it, as many lines as were there."""
    page = tmp_path / "page.md"
    command = "$ llmcost explain mtbf \\\n    --format csv"
    page.write_text(f"Words.\n\n```console\n{command}\nold\n```\n\nMore.\n", encoding="utf-8")

    rewrite(page)

    assert page.read_text(encoding="utf-8") == (
        f"Words.\n\n```console\n{command}\nname,value\n```\n\nMore.\n"
    )
