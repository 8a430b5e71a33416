"""Evaluations a second of a sweep, beside a plain loop over `estimate` and a public peer's loop.

All run on the same layouts of OPT 66B on 1,024 H100, in turns, in one run: every round is the loop,
the peer, and each sweep in NumPy and compiled, with one process and with two. A rate is the median
of the rounds; how many times it is the loop's is the median of the rounds' own ratios. Sweeps are
whole commands (`llmcost sweep`) at full fidelity: step, memory, and every result of the complete
cost model that the run has. "warm" leaves out the first block of each process, in which it imports,
and compiles or loads its kernel. "a CPU second" counts the processors' time of all processes of a
command, its start included: of all figures it minds least that others share the machine.

The peer is llm-analysis (`pip install llm-analysis numpy` in an environment of its own: it needs
other versions than ours); name its Python, or it is left out.

Run: python benchmarks/sweep.py [--peer-python PATH] [--rounds 3] [--loop 50] [--scale 1]
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from llmcost import estimate
from llmcost.studies.answers import RESULT_UNITS
from llmcost.studies.sweeping.batch import Batch
from llmcost.studies.sweeping.cases import prepare_case
from llmcost.studies.sweeping.evaluating import Needed, batches
from llmcost.studies.sweeping.kernels import kernel_of
from llmcost.studies.sweeping.plan import plan_from

MODEL, GPU, GPUS, SEQ_LENGTH, TOKENS = "opt-66b", "h100-sxm", 1024, 2048, "2T"
BATCH = 1024
PRICES, BUDGETS = "1.5..4 USD/GPU/hour by 0.1", "1T..16T by 1T"
DRAWS = 1000
KERNELS, PROCESSES = ("numpy", "compiled"), (1, 2)
PEER = Path(__file__).with_name("peer_loop.py")


def run_of(layout):
    """Return what `estimate` takes for the run in one layout, whose batch the layout says."""
    return {
        "model": MODEL,
        "gpu": GPU,
        "num_gpus": GPUS,
        "tokens": TOKENS,
        "seq_length": SEQ_LENGTH,
        "layout": layout,
    }


def grid_of(cases, **inner):
    """Return the grid of every legal layout in so many cases, and of axes inside each.

    Cases differ in their PUE alone: all are prepared and evaluated anew, and all are as large.
    """
    return {
        "model": [MODEL],
        "gpu": [GPU],
        "gpus": [GPUS],
        "seq-length": [SEQ_LENGTH],
        "global-batch-size": [BATCH],
        "pue": [round(1.1 + 0.0001 * at, 4) for at in range(max(round(cases), 1))],
        "tokens": [TOKENS],
        "layout": "all legal",
        **inner,
    }


def shapes(scale, names):
    """Return the plans by what an evaluation of them is; two processes get several blocks each."""
    best = [{"best": "cost", "results": list(names)}]
    high = [{"best": "cost", "results": [f"{name}.high" for name in names]}]
    draws = {"count": DRAWS}
    return {
        "a layout with its own step, memory and costs": {
            "grid": grid_of(200 * scale),
            "block": {"size": 50_000},
            "keep": best,
        },
        "a layout at a price and a number of tokens": {
            "grid": grid_of(8 * scale, price=PRICES, tokens=BUDGETS),
            "keep": best,
        },
        f"a draw of {DRAWS:,} for each layout, every result": {
            "grid": grid_of(3 * scale),
            "draws": draws,
            "keep": high,
        },
        f"a draw of {DRAWS:,} for each layout, its cost": {
            "grid": grid_of(3 * scale),
            "draws": draws,
            "keep": [{"quantiles": "cost"}],
        },
    }


def toml_of(table):
    """Return a plan as TOML: JSON is written alike within a line."""

    def lines(part):
        return [f"{key} = {json.dumps(value)}" for key, value in part.items()]

    text = []
    for name, part in table.items():
        for each in part if isinstance(part, list) else [part]:
            text += [f"[[{name}]]" if isinstance(part, list) else f"[{name}]", *lines(each)]
    return "\n".join(text) + "\n"


def cpu_of_children():
    """Return the processors' time [s] that ended children took, and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def sweep(table, folder, **options):
    """Run a plan with the command line; return its report, and the receipts of its blocks.

    The report has also the `cpu_seconds` [s] of the command and its workers.
    """
    place = Path(folder)
    plan = place / "plan.toml"
    plan.write_text(toml_of(table), encoding="utf-8")
    with tempfile.TemporaryDirectory(dir=place) as out:
        asked = [f"--{name}={value}" for name, value in options.items()]
        command = ["sweep", str(plan), f"--out={out}", "--quiet", "--format=json", *asked]
        before = cpu_of_children()
        done = subprocess.run(
            [sys.executable, "-m", "llmcost", *command], capture_output=True, check=False, text=True
        )
        if done.returncode:
            raise SystemExit(f"llmcost {' '.join(command)}\n{done.stderr}")
        blocks = sorted(Path(out, "blocks").glob("*.json"))
        report = json.loads(done.stdout) | {"cpu_seconds": cpu_of_children() - before}
        return report, [json.loads(block.read_text("utf-8")) for block in blocks]


def warm_rate(receipts, processes):
    """Return evaluations a second without the first block of each process, as written order has it.

    NaN where a process did one block only.
    """
    by_process = {}
    for receipt in receipts:
        by_process.setdefault(receipt["pid"], []).append(receipt)
    later = [each for own in by_process.values() for each in own[1:]]
    if len({each["pid"] for each in later}) < processes:
        return float("nan")
    seconds = sum(each["seconds"] for each in later)
    return processes * sum(each["evaluations"] for each in later) / seconds


def known_results(layout):
    """Return the names of the results that this run has a value of."""
    results = estimate(**run_of(layout), draws=100).results
    return [name for name in RESULT_UNITS if getattr(results.get(name), "value", None) is not None]


def layouts_of():
    """Return the layouts that fit: all as one batch, and how many were evaluated to find them."""
    plan = plan_from({"grid": grid_of(1), "keep": [{"best": "cost"}]})
    case = prepare_case(plan, 0)
    needed = Needed(("step_time", "mfu", "gpu_hours"), ())
    count = case.layout_count * case.inner_count
    (batch,) = batches(case, plan, 0, count, needed, kernel_of("numpy"))
    return batch, case.layout_count


def told_layouts(batch: Batch, rows):
    """Return some layouts of a batch as text and numbers."""
    texts = batch.describe(rows)["layout"]
    names = {
        "tp": "tensor_parallel",
        "pp": "pipeline_parallel",
        "micro_batch": "micro_batch_size",
        "zero": "zero_stage",
        "selective": "recompute_selective",
        "full": "recompute_full",
    }
    return [
        {"text": text, **{key: int(batch.layouts[name][row]) for key, name in names.items()}}
        for text, row in zip(texts, rows, strict=True)
    ]


def loop_rate(layouts, draws):
    """Return evaluations a second of a plain loop over `estimate`."""
    start = time.perf_counter()
    for layout in layouts:
        estimate(**run_of(layout["text"]), draws=draws)
    return len(layouts) * draws / (time.perf_counter() - start)


def peer_answer(python, layouts):
    """Return the peer's rate and what it says of the first layout; raises OSError with a reason."""
    if python is None:
        raise OSError("no --peer-python was given")
    run = {"gpus": GPUS, "seq_length": SEQ_LENGTH, "batch": BATCH, "tokens": 2 * 10**12}
    done = subprocess.run(
        [python, str(PEER)],
        input=json.dumps({**run, "layouts": layouts}),
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ, "TRANSFORMERS_OFFLINE": "1", "PYTHONPATH": ""},
    )
    if done.returncode:
        raise OSError((done.stderr.strip().splitlines() or ["its Python failed"])[-1])
    return json.loads(done.stdout.splitlines()[-1])


def print_answers(peer, layout, names):
    """Print what both compute for one layout."""
    own = estimate(**run_of(layout["text"]), draws=100)
    of_step = own.results["step_time"].value
    print(f"\nOne layout, {layout['text']}:")
    print(
        f"  llmcost: {own.results['parameters'].value / 1e9:.2f}B parameters, step {of_step:.3f} s "
        f"predicted (MFU {own.results['mfu'].value:.1%}), "
        f"{own.results['gpu_hours'].value:,.0f} GPU-hours with goodput, interruptions, and "
        f"{len(names)} results in all: parts of the step and of the memory, rental on each basis, "
        "ownership, energy and carbon"
    )
    print(
        f"  peer: {peer['parameters'] / 1e9:.2f}B parameters, step {peer['step']:.3f} s at a FLOP "
        f"efficiency of 50% that is given, {peer['gpu_hours']:,.0f} GPU-hours; "
        f"{peer['memory'] / 1e9:.1f} GB a GPU; no pipeline bubble, no data-parallel "
        "communication in the step, no goodput, no cost"
    )


def told(text):
    """Say how far the measurement is, apart from what it prints."""
    print(text, file=sys.stderr, flush=True)


def rounds_of(plans, layouts, peers, options, folder):
    """Return rates by what was measured, one a round, all of a round after one another."""
    found = {}

    def add(key, rate):
        found.setdefault(key, []).append(rate)

    for number in range(options.rounds):
        add(("loop", 100), loop_rate(layouts, 100))
        add(("loop", DRAWS), loop_rate(layouts, DRAWS))
        if peers:
            add(("peer",), peer_answer(options.peer_python, peers)["rate"])
        for shape, table in plans.items():
            for processes in PROCESSES:
                for kernel in KERNELS:
                    report, receipts = sweep(
                        table, folder, engine="processes", workers=processes, kernel=kernel
                    )
                    key = (shape, kernel, processes)
                    told(f"{shape}: {kernel}, {processes}: {report['seconds']:.1f} s")
                    add(key, report["evaluations"] / report["seconds"])
                    add((*key, "warm"), warm_rate(receipts, processes))
                    add((*key, "count"), report["evaluations"])
                    add((*key, "cpu"), report["evaluations"] / report["cpu_seconds"])
        told(f"round {number + 1} of {options.rounds} done")
    return found


def print_table(found, plans):
    """Print the rates, and how many times those of the loop they are."""
    configurations = [rate / 100 for rate in found["loop", 100]]
    print(
        f"\nloop over estimate: {statistics.median(configurations):,.1f} layouts/s at 100 draws "
        f"each, the fewest; {statistics.median(found['loop', DRAWS]):,.0f} draws/s at {DRAWS:,}"
    )
    if ("peer",) in found:
        print(f"peer's loop: {statistics.median(found['peer',]):,.0f} layouts/s")
    for shape in plans:
        loop = found["loop", DRAWS] if "draw" in shape else configurations
        count = found[shape, KERNELS[0], 1, "count"][0]
        print(f"\nAn evaluation is {shape}; {count:,} of them")
        print(
            f"{'kernel':<10}{'processes':>10}{'evaluations/s':>16}{'warm':>14}{'a CPU second':>14}"
            f"{'x loop':>10}"
        )
        for kernel in KERNELS:
            for processes in PROCESSES:
                rates = found[shape, kernel, processes]
                ratio = statistics.median(
                    one / other for one, other in zip(rates, loop, strict=True)
                )
                warm = statistics.median(found[shape, kernel, processes, "warm"])
                cpu = statistics.median(found[shape, kernel, processes, "cpu"])
                print(
                    f"{kernel:<10}{processes:>10}{statistics.median(rates):>16,.0f}"
                    f"{warm:>14,.0f}{cpu:>14,.0f}{ratio:>10,.0f}"
                )
                if ("peer",) in found and "draw" not in shape:
                    pairs = zip(rates, found["peer",], strict=True)
                    times = statistics.median(one / other for one, other in pairs)
                    print(f"{'':<20}{times:>16,.0f} x the peer's loop")


def main(options):
    """Measure and print everything."""
    batch, legal = layouts_of()
    rows = np.linspace(0, len(batch) - 1, options.loop).astype(int).tolist()
    layouts = told_layouts(batch, rows)
    names = known_results(layouts[0]["text"])
    plans = shapes(options.scale, names)
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} CPUs, load "
        f"{os.getloadavg()[0]:.1f}; Python {platform.python_version()}, NumPy {np.__version__}"
    )
    print(
        f"{MODEL}, {GPUS:,} {GPU}, batch {BATCH:,}: {legal:,} legal layouts of which "
        f"{len(batch):,} fit; {len(names)} results each"
    )
    # The peer takes each layout that it can tell from others.
    peers = told_layouts(batch, list(range(len(batch))))
    try:
        answer = peer_answer(options.peer_python, peers)
        print(f"peer: llm-analysis {answer['version']}, {answer['layouts']:,} layouts")
        print_answers(answer, peers[0], names)
    except OSError as error:
        peers = []
        print(f"peer left out: {error}")
    with tempfile.TemporaryDirectory() as folder:
        found = rounds_of(plans, layouts, peers, options, folder)
    print_table(found, plans)


def asked():
    """Return the options of the command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer-python", metavar="PATH", help="a Python with llm-analysis")
    parser.add_argument("--rounds", type=int, default=3, help="how often all is measured")
    parser.add_argument("--loop", type=int, default=50, help="layouts of the loop over estimate")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="how many times as large the sweeps"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main(asked())
