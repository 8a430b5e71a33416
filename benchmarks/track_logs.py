"""Time and memory of reading a long training log, beside a bare Python loop over its lines.

Run: python benchmarks/track_logs.py [--size 10GB] [--kinds megatron,noise,ranks,bars]
     [--folder DIR] [--rounds N]

Writes a made-up log of each kind and size into a folder of its own, reads it in turn by

  loop      for line in open(path, errors="replace"): pass
  reader    every record and event of it (llmcost.logs.reading)
  track     the answer of llmcost track, with a model and a price

and prints seconds of wall clock, the ratio to the loop, and the peak memory of the process that
read (its children apart; from /proc). Kinds: `megatron` has a line of a step and nothing else;
`noise` one such line in fifty, between those of a communication library; `ranks` the lines of eight
processes of torchtitan; `bars` the dictionaries and bars of a Hugging Face Trainer.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

DRAWN = 4096


def megatron(step, draw):
    return (
        f" [2026-{1 + step // 2_000_000 % 12:02d}-{1 + step // 86_400 % 28:02d} "
        f"{step // 3600 % 24:02d}:{step // 60 % 60:02d}:{step % 60:02d}.{draw:06d}] iteration "
        f"{step:8d}/99999999 | consumed samples: {step * 2048:12d} | elapsed time per iteration "
        f"(ms): {980 + draw % 40}.{draw % 10} | throughput per GPU (TFLOP/s/GPU): "
        f"{400 + draw % 20}.{draw % 10} | learning rate: 1.{draw:06d}E-04 | global batch size:  "
        f"2048 | lm loss: 2.{draw:06d}E+00 | loss scale: 1.0 | grad norm: 0.{draw % 1000:03d} | "
        "number of skipped iterations:   0 | number of nan iterations:   0 |\n"
    )


def noise(step, draw):
    if step % 50 == 0:
        return megatron(step // 50, draw)
    return (
        f"node-{draw % 2000}:{draw}:{draw % 9999} [{draw % 8}] NCCL INFO Channel {draw % 16:02d}/0 "
        f": {draw % 64}[{draw % 8}] -> {draw % 63}[{draw % 7}] via P2P/CUMEM/read\n"
    )


def ranks(step, draw):
    second = step // 8
    return (
        f"[rank{step % 8}]:[titan] 2026-03-{1 + second // 86_400 % 28:02d} "
        f"{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d},{draw % 1000:03d} - "
        f"root - INFO - step: {second + 1:2d}  loss:  {2 + second % 1000 / 1000:.5f}  grad_norm:  "
        f"0.{second % 10_000:04d}  memory: 47.28GiB(59.71%)  tps: 8,{draw % 1000:03d}  tflops: "
        f"{410 + draw % 10}.{draw % 100:02d}  mfu: 41.{draw % 100:02d}%\n"
    )


def bars(step, draw):
    clock = f"{step // 3600}:{step // 60 % 60:02d}:{step % 60:02d}"
    return (
        f"\r{step % 100:3d}%|###       | {step}/99999999 [{clock}<9:99:99, {draw % 9}."
        f"{draw % 100:02d}it/s]{{'loss': 2.{draw % 10_000:04d}, "
        f"'grad_norm': 0.{draw % 10_000:04d}, "
        f"'learning_rate': 1.{draw % 1000:03d}e-05, 'epoch': {step / 1e5:.2f}}}\n"
    )


KINDS = {"megatron": megatron, "noise": noise, "ranks": ranks, "bars": bars}
HEADER = "using world size: 1024, data-parallel size: 128\n  seq_length ...... 8192\n"
RUNS = {
    "loop": "for line in open(path, errors='replace'): pass\nn = 0",
    "reader": "from llmcost.logs.reading import read_chunks\n"
    "n = sum(len(chunk) for _, chunk in read_chunks([path]))",
    "track": "from llmcost.studies.tracking.tracking import track\n"
    "n = track(path, model='llama-3.1-8b', gpu='h100-sxm', num_gpus=1024, seq_length=8192)"
    ".results['steps_executed'].value",
}
TIMED = (
    "import json, sys, time\npath = sys.argv[1]\nstart = time.perf_counter()\n{}\n"
    "status = open('/proc/self/status').read()\n"
    "peak = int(status.split('VmHWM:')[1].split()[0])\n"
    "print(json.dumps([time.perf_counter() - start, n, peak]))"
)


def write(path, line_of, size):
    """Write a log of about `size` bytes."""
    random.seed(1)
    draws = [random.randrange(1_000_000) for _ in range(DRAWN)]
    step = 1
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(HEADER)
        while out.tell() < size:
            lines = [line_of(at, draws[at % DRAWN]) for at in range(step, step + 200_000)]
            out.write("".join(lines))
            step += 200_000
    return path.stat().st_size


def run(name, path):
    command = [sys.executable, "-c", TIMED.format(RUNS[name]), str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", default="1GB", type=lambda text: float(text.rstrip("GB")) * 1e9)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--folder")
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.2f}, best of {given.rounds} in turn")
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for kind in given.kinds.split(","):
            path = Path(folder) / f"{kind}.log"
            size = write(path, KINDS[kind], given.size)
            rounds = [{name: run(name, path) for name in RUNS} for _ in range(given.rounds)]
            best = {name: min(each[name] for each in rounds) for name in RUNS}
            loop = best["loop"][0]
            for name, (seconds, records, memory) in best.items():
                print(
                    f"{kind:9} {size / 1e9:6.2f} GB  {name:7} {seconds:8.2f} s  "
                    f"{size / seconds / 1e6:7.0f} MB/s  {loop / seconds:5.2f} of the loop's speed  "
                    f"{memory / 1e3:6.0f} MB  {records:,.0f} records",
                    flush=True,
                )
            path.unlink()


if __name__ == "__main__":
    main()
