"""One headless browser for all tests here, which are skipped where there is none."""

import shutil

import pytest

from tests.render.report_fakes import report

# What a page answers to may take so long on a busy machine [ms].
PATIENCE = 120_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser():
    """Start the browser that this machine has."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    for extra in ("jinja2", "plotly"):
        pytest.importorskip(extra, reason=f"{extra} is not installed")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"no browser here: none of {', '.join(BROWSERS)}")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """Write pages that tests open: the usual one, and one with a table of many rows."""
    from llmcost.render.reports.page import page

    folder = tmp_path_factory.mktemp("pages")
    large = {"schema": "llmcost.estimate/1", "padding": "<&>\u2028" * 400_000}
    written = {
        "report": report(),
        "long": report(rows=1234, results=(("large.json", large),)),
    }
    for name, each in written.items():
        (folder / f"{name}.html").write_text(page(each), encoding="utf-8")
    return folder


class Opened:
    """Pages that are open, and what they told on their console and asked for."""

    def __init__(self, browser, pages):
        self.browser, self.pages = browser, pages
        self.contexts, self.told, self.asked = [], [], []

    def __call__(self, name="report", width=1440, **options):
        """Open a page and wait until its pictures are drawn."""
        context = self.browser.new_context(viewport={"width": width, "height": 900}, **options)
        context.set_default_timeout(PATIENCE)
        self.contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: self.told.append(message.text))
        tab.on("pageerror", lambda error: self.told.append(str(error)))
        tab.on("request", lambda request: self.asked.append(request.url))
        tab.goto((self.pages / f"{name}.html").as_uri(), timeout=240_000)
        if options.get("java_script_enabled", True):
            tab.wait_for_selector("html[data-pictures=drawn]", state="attached", timeout=240_000)
        return tab

    def close(self):
        """Close the pages, which told nothing and asked for nothing but their own file."""
        for context in self.contexts:
            context.close()
        own = [url for url in self.asked if url.startswith("file:")]
        others = [url for url in self.asked if not url.startswith(("file:", "data:", "blob:"))]
        assert (self.told, others, len(own)) == ([], [], len(self.contexts))


@pytest.fixture
def opened(browser, pages):
    """Return what opens a page of its own for a test."""
    made = Opened(browser, pages)
    yield made
    made.close()


@pytest.fixture(scope="session")
def usual(browser, pages):
    """Open the usual page once, for tests that leave it as they found it."""
    made = Opened(browser, pages)
    yield made()
    made.close()


@pytest.fixture(scope="session")
def long(browser, pages):
    """Open the page of many rows once."""
    made = Opened(browser, pages)
    yield made("long")
    made.close()
