"""What the fits of kernel rates share: reading tables, robust fits, jackknife errors, rows."""

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from llmcost.catalog.gpus import accelerator as gpu
from llmcost.catalog.gpus import peak as peak_of

GENERATIONS = {
    "ampere": {"a100_sxm": "a100-sxm-80gb"},
    "hopper": {"h100_sxm": "h100-sxm", "h200_sxm": "h200-sxm"},
    "blackwell": {"b200_sxm": "b200", "gb200": "gb200"},
    "blackwell-ultra": {"b300_sxm": "b300", "gb300": "gb300"},
    "ada": {"l40s": "l40s"},
    "blackwell-rtx": {"rtx_pro_6000_server": "rtx-pro-6000-server"},
}
CARDS = {system: card for group in GENERATIONS.values() for system, card in group.items()}
PRECISIONS = {"bf16": "bfloat16", "fp8": "fp8", "fp8-block": "fp8_block", "nvfp4": "nvfp4"}
WIDTH = {"bf16": 2.0, "fp8": 1.0, "fp8-block": 1.0 + 4 / 128, "nvfp4": 0.5 + 1 / 16}
AIC, ETT, SIMU = "aiconfigurator", "estimate-train-time", "simumax-systems"
MICRO = 1e-6
LEAST_ERROR = 0.02
ROWS: list[dict] = []
FITTED: dict[tuple[str, str, str], float] = {}


def keep(name, generation, precision, unit, value, error, rows, source, note):
    error = max(error, LEAST_ERROR * abs(value))
    if abs(value) < (1e-12 if unit == "s" else 1e-5):
        value, note = 0.0, f"{note}; the fit wants none"
    FITTED[name, generation, precision] = value
    cells = (name, generation, precision, unit, f"{value:.4g}", f"{error:.2g}", rows, source, note)
    ROWS.append(
        dict(
            zip(
                "name generation precision unit value standard_error rows source note".split(),
                cells,
                strict=True,
            )
        )
    )


def summary(residual, classes=None):
    size = np.abs(residual)
    text = (
        f"n {len(size)} median {np.median(size):.3f} P90 {np.quantile(size, 0.9):.3f} "
        f"bias {np.median(residual):+.3f}"
    )
    if classes is not None:
        parts = [
            f"{c:g}: {np.median(size[classes == c]):.2f}/{np.quantile(size[classes == c], 0.9):.2f}"
            for c in np.unique(classes)
        ]
        text += " | " + "  ".join(parts)
    return text


def solve(model, start, low, high, time, weight):
    def residual(p, at):
        return weight[at] * np.log(np.maximum(model(p)[at], 1e-12) / time[at])

    def once(at, x0):
        return least_squares(
            residual,
            x0,
            args=(at,),
            loss="cauchy",
            f_scale=0.15,
            bounds=(low, high),
            x_scale=np.maximum(np.abs(np.asarray(start)), 1e-3),
        ).x

    return once


def fitted(model, start, low, high, time, groups, weight=None):
    """Return values, jackknife errors and residuals."""
    weight = np.ones(len(time)) if weight is None else weight
    once = solve(model, start, low, high, time, weight)
    best = once(np.ones(len(time), bool), start)
    names = np.unique(groups)
    others = np.array([once(groups != one, best) for one in names])
    error = np.sqrt((len(names) - 1) / len(names) * ((others - best) ** 2).sum(0))
    return best, error, np.log(model(best) / time)


def stacks(table, spread):
    """Return the jackknife group of each row: device and software, or eight groups of shapes."""
    names = (table.sys + " " + table.framework).to_numpy()
    if len(set(names)) > 1:
        return names
    codes = pd.Series(spread).rank(method="dense").astype(int).to_numpy()
    return codes % 8


def tables(folder, pattern):
    parts = []
    for path in sorted(folder.glob(f"aiconfigurator/*/{pattern}")):
        system = path.relative_to(folder / "aiconfigurator").parts[0]
        if system in CARDS:
            parts.append(pd.read_parquet(path).assign(sys=system, file_version=path.parent.name))
    return pd.concat(parts)


def machine(table, precision):
    """Return the peak [FLOP/s] and the memory bandwidth [byte/s] of the device of each row."""
    peaks = {
        system: peak_of(gpu(card), precision.split("-")[0])
        for system, card in CARDS.items()
        if system in set(table.sys)
    }
    bands = {system: gpu(card).memory_bandwidth for system, card in CARDS.items()}
    return table.sys.map(peaks).to_numpy(float), table.sys.map(bands).to_numpy(float)


def classes_of(flop):
    return np.floor(np.log10(flop) * 2) / 2


def even(classes):
    weight = 1 / np.sqrt(pd.Series(classes).map(pd.Series(classes).value_counts()).to_numpy())
    return weight / weight.mean()
