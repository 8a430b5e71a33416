"""The process that runs one template: a request as JSON on standard input, a reply on output."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateError, TemplateNotFound
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from llmcost.errors import LlmcostError
from llmcost.figures import quantity_text, range_text
from llmcost.render.latex import escaped as latex
from llmcost.render.markdown import escaped as markdown
from llmcost.render.reports.citations import BETWEEN_KEYS, CITED

# The most memory of the process [bytes], and the most characters of its text.
MOST_MEMORY = 2 * 1024**3
MOST_TEXT = 50_000_000
LONGEST_ERROR = 300


class Folder(BaseLoader):
    """Templates of one folder and those below it; nothing outside, not even by a link."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.realpath(folder)

    def get_source(
        self,
        environment: Environment,  # noqa: ARG002
        template: str,
    ) -> tuple[str, str, Callable[[], bool]]:
        """Return text and path of a template; raises TemplateNotFound for one outside."""
        path = os.path.realpath(os.path.join(self.folder, template))
        inside = os.path.commonpath([self.folder, path]) == self.folder
        if not inside or not os.path.isfile(path):
            raise TemplateNotFound(template, f"there is no {template!r} in the template's folder")
        with open(path, encoding="utf-8") as stream:
            return stream.read(), path, lambda: True


def run(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``text`` of a template, or the ``error`` with ``file`` and ``line``."""
    environment = ImmutableSandboxedEnvironment(
        loader=Folder(asked["folder"]),
        autoescape=bool(asked["escape"]),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "quantity": quantity_text,
        "span": _span,
        "latex": _plain(latex),
        "markdown": _plain(markdown),
        "cited": _cited(asked["context"]["report"]["footnotes"]),
    }
    try:
        pieces = environment.get_template(asked["name"]).generate(asked["context"])
        return {"text": _joined(pieces)}
    except Exception as error:
        return {"error": _words(error), **_place(error, asked["folder"])}


def _joined(pieces: Any) -> str:  # noqa: ANN401
    told: list[str] = []
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > MOST_TEXT:
            raise MemoryError
        told.append(piece)
    return "".join(told)


def _span(low: float | None, high: float | None, unit: str = "") -> str:
    """Return the range from low to high [unit]."""
    return range_text(low, high, unit)


def _plain(escape: Callable[[str], str]) -> Callable[[object], Markup]:
    """Return a filter whose text is not escaped once more."""
    return lambda value: Markup(escape(str(value)))  # noqa: S704


def _cited(footnotes: list[dict[str, Any]]) -> Callable[[str], str]:
    """Return the filter that makes each ``[@key]`` the number of its footnote: ``[3]``."""
    numbers = {note["key"]: str(note["number"]) for note in footnotes}

    def numbered(text: str) -> str:
        return CITED.sub(
            lambda found: f"[{', '.join(numbers.get(k, k) for k in BETWEEN_KEYS.split(found[1]))}]",
            str(text),
        )

    return numbered


def _words(error: BaseException) -> str:
    """Return what is wrong, on one line."""
    kinds = {
        RecursionError: "it includes or calls itself without end",
        MemoryError: "it makes more text than a template may",
        OverflowError: "a range or number in it is too large for a template",
    }
    told = next((words for kind, words in kinds.items() if isinstance(error, kind)), str(error))
    if isinstance(error, SecurityError):
        told = f"a template may not do this: {told}"
    elif not isinstance(error, TemplateError | LlmcostError | RecursionError | MemoryError):
        told = f"{type(error).__name__}: {told}"
    return " ".join(told.split())[:LONGEST_ERROR]


def _place(error: BaseException, folder: str) -> dict[str, Any]:
    """Return the file and line of a template that an error is about."""
    if isinstance(error, TemplateSyntaxError):
        return {"file": error.name, "line": error.lineno}
    at: TracebackType | None = error.__traceback__
    found: dict[str, Any] = {}
    root = os.path.realpath(folder)
    while at is not None:
        name = at.tb_frame.f_code.co_filename
        if os.path.dirname(name).startswith(root) and not name.endswith(".py"):
            found = {"file": os.path.relpath(name, root), "line": at.tb_lineno}
        at = at.tb_next
    return found


def _limit_memory() -> None:
    """Let the process have so much memory and no more, on systems that can."""
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = MOST_MEMORY if hard == resource.RLIM_INFINITY else min(MOST_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def main() -> None:
    """Answer one request."""
    _limit_memory()
    told = run(json.load(sys.stdin.buffer))
    sys.stdout.buffer.write(json.dumps(told).encode("utf-8"))


if __name__ == "__main__":
    main()
