"""``html``: a report as one page that needs nothing from outside, to be mailed and printed.

The page may load nothing (its content policy says so), and runs exactly the two scripts that it
names by their digests: plotly.js as the installed plotly package ships it, and our own.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from llmcost._version import __version__
from llmcost.errors import MissingExtraError
from llmcost.report import Report

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = "llmcost.render.reports"
SCRIPTS = ("tables.js", "pictures.js", "page.js")


def page(report: Report) -> str:
    """Return the report as one self-contained HTML page.

    Raises MissingExtraError where jinja2 or plotly is not installed.
    """
    environment = _environment()
    plotly = _plotly_script()
    from llmcost.render.reports.page_content import page_content

    own = "\n".join(_resource(name) for name in SCRIPTS)
    return environment.get_template("page.html.j2").render(
        page=page_content(report),
        version=__version__,
        style=_resource("page.css"),
        plotly_script=plotly,
        own_script=own,
        policy=_policy(plotly, own),
    )


def _environment() -> Environment:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise MissingExtraError("An HTML report", "report") from None
    return Environment(
        loader=PackageLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _plotly_script() -> str:
    """Return plotly.js as its package ships it, checked to stay within a script element."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        raise MissingExtraError("An HTML report", "report") from None
    script = str(get_plotlyjs())
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _resource(name: str) -> str:
    text = (files(TEMPLATES) / "templates" / name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


def _policy(*scripts: str) -> str:
    """Return what the page may do: run these scripts, style itself, draw. Ask for nothing."""
    digests = " ".join(
        f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    return (
        f"default-src 'none'; script-src {digests}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
