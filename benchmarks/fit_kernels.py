"""Fit the constants of data/kernel_rates.csv on published tables of measured kernels.

Run: python benchmarks/fit_kernels.py FOLDER [--out FILE] [PART ...]   (needs scipy and pyarrow)

FOLDER holds the tables as their projects publish them, none of them kept here:
  aiconfigurator/       the folder systems/data of the package aiconfigurator-core
  estimate-train-time/  the folder src/estimate_train_time/data/regressors of that repository
  simumax/              the folder configs/system of SimuMax
PART is a name in PARTS; all by default.

Every fit is a robust least squares of the logarithm of time (Cauchy loss beyond 15%), so that the
constants speak of the typical shape. A standard error is the jackknife over devices and software
stacks, or over eight groups of shapes where there is but one stack.
"""

import argparse
import csv
from pathlib import Path

from kernel_attention import attention, backward, latent, memory
from kernel_ceilings import ceilings, pooled
from kernel_fitting import ROWS
from kernel_gemm import gemm, grouped, grouped_training, sustained
from kernel_links import between_nodes, collective, exchange

PARTS = {
    "gemm": gemm,
    "sustained": sustained,
    "grouped": grouped,
    "training": grouped_training,
    "attention": attention,
    "backward": backward,
    "latent": latent,
    "memory": memory,
    "collective": collective,
    "nodes": between_nodes,
    "exchange": exchange,
    "ceilings": ceilings,
    "pooled": pooled,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("parts", nargs="*", default=list(PARTS))
    given = parser.parse_args()
    for part in given.parts:
        PARTS[part](given.folder)
    if given.out:
        with given.out.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(ROWS[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(ROWS)


if __name__ == "__main__":
    main()
