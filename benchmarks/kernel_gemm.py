"""Fits of matrix products: one GEMM, GEMMs in a row, and grouped GEMMs of experts."""

import json
import re

import numpy as np
import pandas as pd
from kernel_fitting import (
    AIC,
    ETT,
    FITTED,
    GENERATIONS,
    MICRO,
    PRECISIONS,
    SIMU,
    WIDTH,
    classes_of,
    even,
    fitted,
    gpu,
    keep,
    machine,
    peak_of,
    stacks,
    summary,
    tables,
)


def gemm_time(p, peak, band, m, n, k, precision):
    width = WIDTH[precision]
    work = 2 * m * n * k / (peak * p[0]) * (1 + p[1] / k)
    traffic = (width * (m * k + k * n) + 2 * m * n) / band
    quantised = p[4] * m * k / band if precision != "bf16" else 0
    return work + p[2] * traffic + p[3] * MICRO + quantised


def gemm(folder):
    table = tables(folder, "gemm/*/*/gemm_perf.parquet")
    table["flop"] = 2.0 * table.m * table.n * table.k
    big = (table.m >= 512) & (table.m % 128 == 0) & (table.n >= 256) & (table.k >= 256)
    table = table[big & (table.flop >= 1e9) & (table.flop < 2e13) & (table.framework != "VLLM")]
    table = table[~table.file_version.isin(["0.5.6.post2"])]
    for generation, cards in GENERATIONS.items():
        for precision, dtype in PRECISIONS.items():
            part = table[table.sys.isin(cards) & (table.gemm_dtype == dtype)]
            if precision == "fp8":
                part = part[part.framework == "TRTLLM"]
            if precision == "fp8-block":
                part = part[(part.framework == "SGLang") | (part.kernel_source == "deepgemm")]
            if len(part):
                gemm_one(part, generation, precision)


def gemm_one(part, generation, precision):
    m, n, k, flop = (part[c].to_numpy(float) for c in ("m", "n", "k", "flop"))
    time = part.latency.to_numpy() * 1e-3
    peak, band = machine(part, precision)
    classes = classes_of(flop)
    width = 4 if precision == "bf16" else 5
    start, high = [0.75, 60, 0.5, 4, 3.0][:width], [1.1, 5e3, 4, 60, 60][:width]
    values, errors, residual = fitted(
        lambda p: gemm_time(p, peak, band, m, n, k, precision),
        start,
        [0.05, 0, 0, 0, 0][:width],
        high,
        time,
        stacks(part, n),
        even(classes),
    )
    print("GEMM", generation, precision, np.round(values, 3), summary(residual, classes))
    names = [
        ("gemm_efficiency", "", 1, "share of the peak that a GEMM of endless depth reaches"),
        ("gemm_depth", "", 1, "depth K at which half of that time is added once more"),
        ("gemm_traffic", "", 1, "share of the time to move the operands that is not hidden"),
        ("gemm_fixed_time", "s", MICRO, "time of a GEMM of no size"),
        ("quantisation_traffic", "byte", 1, "memory traffic to quantise one element of the input"),
    ]
    for (name, unit, scale, note), value, error in zip(names, values, errors, strict=False):
        more = ", the kernels that quantise its input included"
        full = note + more * (name == "gemm_fixed_time" and precision != "bf16")
        keep(name, generation, precision, unit, value * scale, error * scale, len(part), AIC, full)


def simumax_gemms(folder):
    for file, card in (("a100_pcie.json", "a100-pcie-80gb"), ("b200_bf16_ceperm.json", "b200")):
        entries = json.loads((folder / "simumax" / file).read_text())["accelerator"]["op"]
        yield card, entries


def sustained(folder):
    """Training GEMMs one after another, against the formula: the share that is left."""
    for site, device, card in (
        ("Perlmutter", "NVIDIAA100-SXM4-80GB", "a100-sxm-80gb"),
        ("Vista", "NVIDIAGH200120GB", "gh200-96gb"),
    ):
        found = {"TN": [], "both": []}
        for name, wide, deep in (("linear1", 3, 1), ("linear3", 4, 1), ("linear4", 1, 4)):
            path = folder / ETT / site / "operator" / f"{device}_{name}_fp16.csv"
            table = pd.read_csv(path)
            if name in ("linear1", "linear3"):
                n, k = wide * table["dim"] / table.mp, table["dim"]
            else:
                n, k = wide * table["dim"], deep * table["dim"] / table.mp
            m = table.b * table.l
            rate = peak_of(gpu(card), "bf16")
            fine = (2 * m * n * k > 1e10) & (n >= 256) & (k >= 256)
            back = 4 * m * n * k / (table["B_dur(us)"] * 1e-6) / rate * against(card, m, n, k)
            ahead = 2 * m * n * k / (table["F_dur(us)"] * 1e-6) / rate * against(card, m, n, k)
            found["TN"] += list(ahead[fine])
            found["both"] += list(back[fine])
        print("  per layout", card, {k: np.round(np.median(v), 3) for k, v in found.items()})
        back = np.median(found["both"])
        note = f"GEMMs of training shapes, forward, {card}; their backward {back:.3f}"
        sustained_rows(gpu(card).generation, {"TN": found["TN"]}, ETT, note)
    for card, entries in simumax_gemms(folder):
        generation = gpu(card).generation
        found = {}
        for key, share in entries["matmul"]["accurate_efficient_factor"].items():
            m, k, n = (float(re.search(rf"\b{axis}=(\d+)", key)[1]) for axis in "mkn")
            if min(m, n, k) >= 256 and 2 * m * n * k > 1e10:
                found.setdefault(re.search(r"layout=(..)", key)[1], []).append(
                    share * against(card, m, n, k)
                )
        sustained_rows(generation, found, SIMU, f"GEMMs of training shapes, {card}")


def against(card, m, n, k):
    """Return the ratio of the time formula's seconds to peak seconds (1 over its efficiency)."""
    one = gpu(card)
    p = [
        FITTED[name, one.generation, "bf16"]
        for name in ("gemm_efficiency", "gemm_depth", "gemm_traffic", "gemm_fixed_time")
    ]
    p[3] /= MICRO
    peak, band = peak_of(one, "bf16"), one.memory_bandwidth
    return gemm_time(p, peak, band, m, n, k, "bf16") * peak / (2 * m * n * k)


def sustained_rows(generation, found, source, note):
    for layout, shares in found.items():
        print(
            "SUSTAINED",
            generation,
            source,
            layout,
            len(shares),
            np.quantile(shares, [0.1, 0.5, 0.9]).round(3),
        )
    shares = np.array(found["TN"])
    key = ("gemm_sustained_share", generation, "bf16")
    if key in FITTED:
        return
    error = 1.25 * shares.std() / np.sqrt(len(shares))
    keep(*key, "", float(np.median(shares)), error, len(shares), source, note)
    if "NT" in found:
        ratio = np.median(found["NT"]) / np.median(shares)
        keep(
            "gemm_weight_gradient_share",
            generation,
            "bf16",
            "",
            float(ratio),
            0.02,
            len(found["NT"]),
            source,
            "speed of the weight gradient against the forward GEMM",
        )


def grouped(folder):
    """Expert layers of TensorRT-LLM: two grouped GEMMs, the permutations and the gate."""
    table = tables(folder, "moe/*/*/moe_perf.parquet")
    table = table[(table.framework == "TRTLLM") & (table.distribution == "balanced")]
    table = table[table.kernel_source.isin(["moe_torch_flow_cutlass", "deepgemm"])]
    table = table.assign(
        local=np.maximum(table.num_experts / table.moe_ep_size, 1),
        each=table.num_tokens * table.topk / table.num_experts,
        width=table.inter_size / table.moe_tp_size,
    )
    table["flop"] = 6.0 * table.each * table.local * table.hidden_size * table.width
    table = table[(table.each >= 64) & (table.width >= 256) & (table.flop >= 1e10)]
    for generation, cards in GENERATIONS.items():
        for precision, dtype in PRECISIONS.items():
            part = table[table.sys.isin(cards) & (table.moe_dtype == dtype)]
            if len(part):
                grouped_one(part, generation, precision)


def grouped_time(p, e, peak, band, part, precision):
    local, each, hidden, width, flop = part
    work = flop / (peak * e) * (1 + p[0] / each + p[1] / width)
    weights = WIDTH[precision] * 3 * local * hidden * width / band
    moved = 2 * local * each * (3 * hidden + 3 * width) / band
    return work + p[2] * weights + p[3] * moved + p[4] * MICRO


def grouped_fit(part, generation, precision):
    columns = [part[c].to_numpy(float) for c in ("local", "each", "hidden_size", "width", "flop")]
    peak, band = machine(part, precision)
    e = FITTED["gemm_efficiency", generation, precision]
    return fitted(
        lambda p: grouped_time(p, e, peak, band, columns, precision),
        [60, 200, 1, 1, 40],
        [0] * 5,
        [2e3, 8e3, 4, 10, 400],
        part.latency.to_numpy() * 1e-3,
        stacks(part, part.hidden_size),
        even(np.floor(np.log2(columns[1]))),
    )


def grouped_one(part, generation, precision):
    """Fit twice: a shape twice as slow as the first fit ran a kernel that nobody tuned for it."""
    values, errors, residual = grouped_fit(part, generation, precision)
    tuned = residual > -0.69
    part = part[tuned]
    values, errors, residual = grouped_fit(part, generation, precision)
    classes = np.floor(np.log2(part.each.to_numpy()))
    print(
        "GROUPED",
        generation,
        precision,
        np.round(values, 3),
        f"kept {tuned.mean():.2f}",
        summary(residual, classes),
    )
    names = [
        ("grouped_tokens", "", 1, "tokens an expert at which the GEMM time is added once more"),
        ("grouped_width", "", 1, "expert width at which the GEMM time is added once more"),
        ("grouped_weight_traffic", "", 1, "share of the time to read all weights not hidden"),
        ("grouped_traffic", "", 1, "share of the time to move 3 x (hidden + width) values a token"),
        ("grouped_fixed_time", "s", MICRO, "time of an expert layer of no size, all its kernels"),
    ]
    for (name, unit, scale, note), value, error in zip(names, values, errors, strict=True):
        keep(name, generation, precision, unit, value * scale, error * scale, len(part), AIC, note)


STAGES = {"fwd": "forward", "bwd_grad_act": "input_gradient", "bwd_grad_w": "weight_gradient"}


def grouped_training(folder):
    """Single grouped GEMMs as training runs them, forward and both gradients."""
    for card, entries in simumax_gemms(folder):
        one = gpu(card)
        shares = entries["group_matmul"]["accurate_efficient_factor"]
        e = FITTED["gemm_efficiency", one.generation, "bf16"]
        for word, stage in STAGES.items():
            rows = np.array(
                [
                    [float(re.search(rf"\b{axis}=(\d+)", key)[1]) for axis in ("ng", "M", "N", "K")]
                    + [share]
                    for key, share in shares.items()
                    if f"stage={word}," in key
                ]
            )
            groups, each, n, k, share = rows.T
            flop = 2 * groups * each * n * k
            rate = peak_of(one, "bf16")
            weights = 2 * groups * n * k / one.memory_bandwidth
            values, errors, residual = fitted(
                lambda p, flop=flop, rate=rate * e, weights=weights: (
                    flop / (rate * p[0]) + p[1] * weights
                ),
                [0.8, 1.2],
                [0.1, 0],
                [1.5, 8],
                flop / (rate * share),
                np.arange(len(rows)) % 8,
            )
            print("GROUPED TRAINING", card, stage, np.round(values, 3), summary(residual, each))
            names = (
                ("share", "speed at many tokens against one GEMM of endless depth"),
                ("weight_traffic", "share of the time to read two bytes a weight, not hidden"),
            )
            for (name, note), value, error in zip(names, values, errors, strict=True):
                keep(
                    f"grouped_{stage}_{name}",
                    one.generation,
                    "bf16",
                    "",
                    value,
                    error,
                    len(rows),
                    SIMU,
                    f"{note}; grouped GEMMs of training, {card}",
                )
