"""Start-up side by side: our commands against importing the libraries they stand on.

Run: python benchmarks/startup.py [ROUNDS]

Each round runs every command once, in turn, as a whole process; the median over rounds is printed,
with the ratio to the first command of its group and the bound that the project sets for itself.
"""

import os
import statistics
import subprocess
import sys
import time

ESTIMATE = "estimate llama-3.1-405b --tokens 15T --gpu h100-sxm --gpus 16000 --mfu 41%".split()
GROUPS = [
    (
        "an estimate with --mfu, against numpy + pint + click",
        1.3,
        [
            ("import numpy, pint, click", ["-c", "import numpy, pint, click"]),
            ("llmcost estimate --mfu 41%", ["-m", "llmcost", *ESTIMATE]),
            ("llmcost estimate --mfu 41% --price", ["-m", "llmcost", *ESTIMATE, "--price", "2.5"]),
        ],
    ),
    (
        "help and version, against click",
        None,
        [
            ("import click", ["-c", "import click"]),
            ("llmcost --help", ["-m", "llmcost", "--help"]),
            ("llmcost --version", ["-m", "llmcost", "--version"]),
            ("llmcost show gpus", ["-m", "llmcost", "show", "gpus"]),
        ],
    ),
]


# As installed, modules are compiled once; a shell that forbids that would measure the compiler.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def seconds(arguments):
    """Return the wall time of one process [s]."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT
    )
    return time.perf_counter() - start


def compare(title, bound, commands, rounds):
    """Print one group: medians, and ratios pair by pair."""
    times = {name: [] for name, _ in commands}
    for turn in range(rounds + 1):
        for name, arguments in commands:
            taken = seconds(arguments)
            if turn:
                times[name].append(taken)
    first = times[commands[0][0]]
    print(f"\n{title}" + (f" (bound {bound}x)" if bound else ""))
    for name, taken in times.items():
        ratio = statistics.median(a / b for a, b in zip(taken, first, strict=True))
        print(f"  {name:36} {statistics.median(taken) * 1000:7.0f} ms   {ratio:5.2f}x")


if __name__ == "__main__":
    for group in GROUPS:
        compare(*group, rounds=int(sys.argv[1]) if len(sys.argv) > 1 else 11)
