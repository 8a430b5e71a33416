"""Screenshots of the page of a report, to be looked at: three widths, light, dark and printed.

Run: python benchmarks/screenshots.py FOLDER REPORT.html

Files: FOLDER/{360,768,1440}-light-N.png, 1440-dark-N.png, print-N.png (the page from the top, in
pieces of 1,600 pixels) and print.pdf.
"""

import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SHOTS = ((360, "light"), (768, "light"), (1440, "light"), (1440, "dark"))
PRINT_WIDTH = 700
PIECE = 1600


@contextmanager
def browser():
    """Start the headless browser that this machine has."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        sys.exit(f"No browser here: needs one of {', '.join(BROWSERS)}.")
    with sync_playwright() as running:
        started = running.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@contextmanager
def opened(started, file, width=1440, scheme="light"):
    """Open a page and wait until its pictures are drawn."""
    tab = started.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    tab.on("console", lambda message: print("console:", message.text))
    tab.goto(Path(file).resolve().as_uri(), timeout=120_000)
    tab.wait_for_selector("html[data-pictures=drawn]", state="attached", timeout=120_000)
    yield tab
    tab.close()


def shoot(tab, folder, name):
    """Write a whole page as numbered pieces."""
    width, height = tab.evaluate(
        "[document.documentElement.clientWidth, document.documentElement.scrollHeight]"
    )
    for number, top in enumerate(range(0, height, PIECE)):
        piece = {"x": 0, "y": top, "width": width, "height": min(PIECE, height - top)}
        tab.screenshot(path=folder / f"{name}-{number}.png", full_page=True, clip=piece)
    print(f"{name}: {width} x {height} pixels")


def main(folder, file):
    """Write every screenshot of one page."""
    folder.mkdir(parents=True, exist_ok=True)
    with browser() as started:
        for width, scheme in SHOTS:
            with opened(started, file, width, scheme) as tab:
                shoot(tab, folder, f"{width}-{scheme}")
        with opened(started, file, PRINT_WIDTH) as tab:
            tab.emulate_media(media="print")
            tab.wait_for_timeout(2000)
            shoot(tab, folder, "print")
            tab.pdf(path=folder / "print.pdf", format="A4", print_background=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
