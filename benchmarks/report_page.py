"""How large the page of a report is, how long it takes to write, and until its pictures are seen.

Run: python benchmarks/report_page.py [RESULT.json ...]

Without files, two reports are made: of an estimate, its sensitivities and a comparison of three
accelerators, and of a comparison of 10,000 setups, which are copies of those three under other
names with other costs. Both are written as pages and opened in a headless browser.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from screenshots import browser, opened

RUN = "llama-3.1-405b --tokens 15T".split()
COMMANDS = {
    "estimate.json": ["estimate", *RUN, "--gpu", "h100-sxm", "--gpus", "16000"],
    "sensitivity.json": ["sensitivity", *RUN, "--gpu", "h100-sxm", "--gpus", "16000"],
    "comparison.json": [
        *["compare", *RUN],
        *(word for gpu in ("h100-sxm", "b200", "mi300x") for word in ("--setup", f"{gpu}:12000")),
    ],
}
SETUPS = 10_000


def saved(folder):
    """Answer the questions of the usual report, and return the files of the results."""
    files = []
    for name, words in COMMANDS.items():
        files.append(folder / name)
        arguments = [sys.executable, "-m", "llmcost", *words, "-o", files[-1]]
        subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
    return files


def large(comparison, folder):
    """Return the file of a comparison of many setups, made from one of few."""
    data = json.loads(comparison.read_text(encoding="utf-8"))
    chance, rows, setups = random.Random(1), data["rows"], data["setups"]
    data["rows"], data["setups"] = [], []
    for number in range(SETUPS):
        row, setup = rows[number % len(rows)], setups[number % len(rows)]
        name = row["name"] if number < len(rows) else f"{row['gpu']}-{number}"
        share = 1.0 if number < len(rows) else 1 + chance.random()
        costs = {
            key: value * share
            for key, value in row.items()
            if "cost" in key and isinstance(value, float)
        }
        data["rows"].append(row | costs | {"name": name})
        data["setups"].append(setup | {"name": name})
    data["order"] = [row["name"] for row in data["rows"]]
    file = folder / "many.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    return file


def measure(title, files, folder):
    """Print what one page takes."""
    from llmcost.render.reports.page import page
    from llmcost.studies.saved import saved_results
    from llmcost.views.reports import build_report

    start = time.perf_counter()
    results = saved_results(files)
    read = time.perf_counter()
    report = build_report(results)
    built = time.perf_counter()
    text = page(report)
    written = time.perf_counter()
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    print(f"\n{title}: {sum(Path(f).stat().st_size for f in files) / 1e6:,.1f} MB of results")
    print(
        f"  read {read - start:.1f} s, told {built - read:.1f} s, written {written - built:.1f} s"
    )
    print(f"  page {len(text.encode()) / 1e6:.2f} MB")
    with browser() as started, opened(started, file) as tab:
        words, *drawn = tab.evaluate(
            "[performance.getEntriesByName('first-contentful-paint')[0].startTime, "
            "...performance.getEntriesByName('llmcost-picture').map(mark => mark.startTime)]"
        )
        print(f"  words seen after {words / 1e3:.2f} s, first picture {drawn[0] / 1e3:.2f} s,")
        print(f"  all {len(drawn)} pictures {drawn[-1] / 1e3:.2f} s")


def main(files):
    """Measure the files given, or both reports of our own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if files:
            measure("The report of these files", files, folder)
            return
        usual = saved(folder)
        measure("A usual report", usual, folder)
        measure(f"A comparison of {SETUPS:,} setups", [large(usual[-1], folder)], folder)


if __name__ == "__main__":
    main(sys.argv[1:])
