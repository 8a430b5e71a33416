"""The fenced blocks of the pages under docs/, and what running them means.

What a block is follows from its language:

- `console`: lines `$ command`, each followed by the beginning of what it prints; a line `...`
  stands for any lines left out. Commands are llmcost's, `export NAME=value` and `cat FILE`.
- `sh`: commands, one a line, that succeed. Text after two spaces and a `#` is a remark.
- `python`: run in the order of the page, with the names of the blocks before.
- any other language with `title="NAME"`, or whose first line is `# NAME`: a file, written to the
  folder in which the page's commands run where it stands, or before the first block that names it.

A comment `<!-- test: ... -->` above a block says more: `exit 1` (what its commands leave with),
`with --draws 200` (added to each command, where nothing of what it prints is shown), `skip REASON`.

`python -m tests.docs_blocks PAGE...` puts what the commands print now in place of what the pages
show, as many lines as they show, and its pictures into docs/pictures/, for a person to read before
they are committed.
"""

import contextlib
import io
import os
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
FENCE = re.compile(
    r"(?:<!-- test: (?P<orders>[^\n]*?) -->\n+)?^```(?P<language>[\w-]+)(?P<info>[^\n]*)\n"
    r"(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
NAME = re.compile(r'title="([\w./-]+)"|^# ([\w-]+\.[a-z]+)$', re.MULTILINE)
FILES = ("toml", "csv", "json", "text", "yaml", "bash")
ELISION = "..."


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    info: str
    text: str
    orders: str
    line: int

    @property
    def skipped(self):
        """Why the block is not run; empty where it is."""
        return self.orders.removeprefix("skip ") if self.orders.startswith("skip ") else ""

    @property
    def exits(self):
        """The exit codes that its commands may leave with."""
        found = re.search(r"exit ([\d ]+)", self.orders)
        return {int(one) for one in found[1].split()} if found else {0}

    @property
    def added(self):
        """What is added to its commands."""
        found = re.search(r"with (.*)", self.orders)
        return shlex.split(found[1]) if found else []

    @property
    def file_name(self):
        """The file that the block is; empty where it is none."""
        first = self.text.partition("\n")[0]
        found = NAME.search(self.info) or NAME.search(first)
        return (found[1] or found[2]) if found and self.language in FILES else ""

    @property
    def commands(self):
        """Each command with the lines shown below it."""
        return list(commands_of(self))


@dataclass(frozen=True)
class Command:
    """One command of a page, and what the page shows of its output."""

    text: str
    shown: tuple[str, ...]


def blocks_of(page):
    """Return the fenced blocks of a page, in order."""
    return [
        Block(
            found["language"],
            found["info"],
            found["text"],
            found["orders"] or "",
            page.count("\n", 0, found.start("language")) + 1,
        )
        for found in FENCE.finditer(page)
    ]


def commands_of(block):
    """Yield the commands of a console or sh block."""
    text = re.sub(r"\s*\\\n\s*", " ", block.text)
    if block.language == "sh":
        for line in text.splitlines():
            if command := line.partition("  #")[0].strip():
                yield Command(command, ())
        return
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        first, _, shown = part.partition("\n")
        yield Command(first.strip(), tuple(line.rstrip() for line in shown.rstrip().splitlines()))


def pages():
    """Return every page written by hand."""
    return sorted(path for path in DOCS.rglob("*.md") if "hooks" not in path.parts)


class Shell:
    """Runs the commands of one page in this process, in the current folder."""

    def __init__(self, patch):
        self.patch = patch

    def run(self, command, added=()):
        """Run a command; return its exit code and the lines that it prints."""
        words = [*shlex.split(command), *added]
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            self.patch.setenv(*words.pop(0).split("=", 1))
        if words[:1] == ["export"]:
            self.patch.setenv(*words[1].split("=", 1))
            return 0, []
        if words[:1] == ["cat"]:
            return 0, Path(words[1]).read_text(encoding="utf-8").splitlines()
        if words[:1] != ["llmcost"]:
            raise ValueError(f"{command!r} is no command of llmcost: run it otherwise, or skip it")
        return self._llmcost(words[1:])

    def _llmcost(self, words):
        from llmcost.cli.main import run

        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(words)
        return code, [line.rstrip() for line in (out.getvalue() + err.getvalue()).splitlines()]


def segments(shown):
    """Return the runs of lines between elisions, each with whether it may start further down."""
    found, current, later = [], [], False
    for line in shown:
        if line.strip() == ELISION:
            if current:
                found.append((later, current))
            current, later = [], True
        else:
            current.append(line)
    return [*found, (later, current)] if current else found


def first_difference(shown, printed):
    """Return what the page shows and the command does not print; empty where all is there."""
    at = 0
    for later, lines in segments(shown):
        starts = range(at, len(printed)) if later else (at,)
        place = next((n for n in starts if printed[n : n + len(lines)] == lines), None)
        if place is None:
            return _told(lines, printed[at:], later)
        at = place + len(lines)
    return ""


def _told(lines, printed, later):
    """Return in words where lines of a page part from what is printed."""
    if later:
        missing = next((line for line in lines if line not in printed), lines[0])
        return f"not printed together from here on: {missing!r}"
    pairs = zip(lines, [*printed, *[""] * len(lines)], strict=False)
    wanted, got = next((wanted, got) for wanted, got in pairs if wanted != got)
    return f"the page shows {wanted!r}, printed is {got!r}"


def retold(shown, printed):
    """Return what a page shows, taken from what is printed now."""
    at, lines = 0, []
    for later, part in segments(shown):
        if later:
            heading = next((n for n in range(at, len(printed)) if printed[n] == part[0]), None)
            if heading is None:
                raise ValueError(f"no longer printed: {part[0]!r}")
            at = heading
            lines.append(ELISION)
        lines += printed[at : at + len(part)]
        at += len(part)
    return [*lines, ELISION] if shown and shown[-1].strip() == ELISION else lines


def write_file(block):
    """Write the file that a block is."""
    path = Path(block.file_name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")


def write_named(blocks, block):
    """Write the files of a page that a block names before they stand in the page."""
    for other in blocks:
        name = other.file_name
        if name and other is not block and name in block.text and not Path(name).exists():
            write_file(other)


def pictures_of(page):
    """Return the names of the pictures of a page that its commands draw."""
    return re.findall(r"\]\(pictures/([\w-]+\.svg)\)", page)


def told_by(path):
    """Return the title and the description that a picture carries."""
    text = path.read_text(encoding="utf-8")
    return [re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[1] for tag in ("title", "desc")]


def rewrite(path):
    """Put what the commands of a page print now in place of what it shows."""
    import tempfile

    import pytest

    page = path.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        shell, made, blocks = Shell(patch), page, blocks_of(page)
        for block in blocks:
            if block.skipped:
                continue
            write_named(blocks, block)
            if block.file_name:
                write_file(block)
            for command in block.commands if block.language in ("console", "sh") else ():
                code, printed = shell.run(command.text, () if command.shown else block.added)
                if code not in block.exits:
                    sys.stderr.write(f"{path.name}: {command.text}: {code} {printed[-3:]}\n")
                if command.shown:
                    old = _block_text(made, command)
                    made = made.replace(old, _with_output(old, retold(command.shown, printed)))
        for name in pictures_of(page):
            (DOCS / "pictures" / name).write_bytes(Path(name).read_bytes())
    path.write_text(made, encoding="utf-8")


def _block_text(page, command):
    """Return a command and its output as they stand in the page."""
    end = r"\n".join(re.escape(line) + r"[ ]*" for line in command.shown)
    start = r"\s*(?:\\\n)?\s*".join(re.escape(word) for word in command.text.split(" "))
    return re.search(rf"^\$ {start}\n{end}", page, re.MULTILINE)[0]


def _with_output(old, lines):
    command = re.match(r"(?:[^\n]*\\\n)*[^\n]*", old)[0]
    return "\n".join([command, *lines])


if __name__ == "__main__":
    for variable in [name for name in os.environ if name.startswith("LLMCOST_")]:
        del os.environ[variable]
    for name in sys.argv[1:]:
        rewrite(Path(name).resolve())
