"""Fits of attention, forward and backward, and of kernels bound by memory."""

import re

import numpy as np
import pandas as pd
from kernel_fitting import (
    AIC,
    ETT,
    FITTED,
    GENERATIONS,
    MICRO,
    SIMU,
    fitted,
    gpu,
    keep,
    machine,
    stacks,
    summary,
    tables,
)
from kernel_gemm import simumax_gemms

ATTENTION = {
    "ampere": ["flash_attention", "vllm_flash_attn"],
    "hopper": ["fa3", "vllm_flash_attn_fa3"],
    "blackwell": ["trtllm_mha", "vllm_flashinfer_trtllmprefill"],
    "blackwell-ultra": ["trtllm_mha", "vllm_flashinfer_trtllmprefill"],
    "ada": ["flashinfer", "vllm_flash_attn_fa2"],
    "blackwell-rtx": ["flashinfer", "vllm_flash_attn_fa2"],
}


def attention_time(p, peak, batch, s, heads, size, flop):
    return (
        flop / (peak * p[0]) * (1 + p[1] / s + p[2] / (batch * heads * s) + p[3] * (128 / size - 1))
        + p[4] * MICRO
    )


def attention(folder):
    table = tables(folder, "attention/*/*/context_attention_perf.parquet")
    whole = (table.window_size <= 0) | (table.window_size >= table.isl) | table.window_size.isna()
    table = table[whole & (table.step.fillna(0) == 0) & (table.isl >= 1024)]
    table = table[(table.attn_dtype == "bfloat16") & (table.kv_cache_dtype == "bfloat16")]
    table["flop"] = 2.0 * table.batch_size * table.num_heads * table.isl**2.0 * table.head_dim
    table = table[(table.flop >= 1e9) & table.head_dim.isin([64, 128, 192, 256])]
    for generation, cards in GENERATIONS.items():
        part = table[table.sys.isin(cards) & table.kernel_source.isin(ATTENTION[generation])]
        columns = [
            part[c].to_numpy(float) for c in ("batch_size", "isl", "num_heads", "head_dim", "flop")
        ]
        peak, _ = machine(part, "bf16")
        values, errors, residual = fitted(
            lambda p, peak=peak, columns=columns: attention_time(p, peak, *columns),
            [0.6, 500, 2e4, 0.3, 8],
            [0.05, 0, 0, 0, 0],
            [1.1, 5e4, 5e6, 3, 60],
            part.latency.to_numpy() * 1e-3,
            stacks(part, columns[2]),
        )
        print("ATTENTION", generation, np.round(values, 3), summary(residual, columns[1]))
        print("   by head size", summary(residual, columns[3]))
        names = [
            ("attention_efficiency", "", 1, "share of the bf16 peak, long sequence, many heads"),
            ("attention_sequence", "", 1, "sequence length at which that time is added once more"),
            ("attention_rows", "", 1, "batch x heads x length at which it is added once more"),
            ("attention_head_size", "", 1, "extra time of heads of 64 against heads of 128"),
            ("attention_fixed_time", "s", MICRO, "time of causal attention of no size"),
        ]
        for (name, unit, scale, note), value, error in zip(names, values, errors, strict=True):
            keep(name, generation, "bf16", unit, value * scale, error * scale, len(part), AIC, note)


def backward(folder):
    """Attention backward at 2.5 times the forward FLOP, its rate against the forward rate.

    Heads of 192 with values of 128 (latent attention) are compared with what the fit on heads of
    128 says of their mean size.
    """
    rows = []
    for card, entries in simumax_gemms(folder):
        for key, share in entries["sdp_bwd"]["accurate_efficient_factor"].items():
            s, heads, qk, v = (
                float(re.search(rf"{name}=(\d+)", key)[1])
                for name in ("seq_len", "head_num", "qk_head_dim", "v_head_dim")
            )
            # SimuMax counts the full square; a causal kernel does half of it.
            rows.append((gpu(card).generation, share / 2, s, heads, (qk + v) / 2, qk))
    for generation in ("ampere", "blackwell"):
        whole = np.array([row[1:] for row in rows if row[0] == generation])
        part = whole[whole[:, 4] == 128]
        p = [
            FITTED[name, generation, "bf16"]
            for name in (
                "attention_efficiency",
                "attention_sequence",
                "attention_rows",
                "attention_head_size",
            )
        ]

        def rate(q, p=p, part=part):
            _, s, heads, size, _ = part.T
            penalty = p[1] / s + p[2] / (heads * s)
            return (1 + q[1] * penalty + p[3] * (128 / size - 1)) / (p[0] * q[0])

        values, errors, residual = fitted(
            rate, [0.8, 0.3], [0.2, 0], [1.5, 2], 1 / part[:, 0], np.arange(len(part)) % 8
        )
        print("BACKWARD", generation, np.round(values, 3), summary(residual, part[:, 4]))
        names = ("attention_backward_share", "attention_backward_penalty")
        notes = (
            "rate of the backward pass (2.5 x the forward FLOP) against the forward, at length",
            "share of the forward pass's loss at short lengths and few heads",
        )
        for name, note, value, error in zip(names, notes, values, errors, strict=True):
            keep(name, generation, "bf16", "", value, error, len(part), SIMU, note)
        latent = whole[whole[:, 4] != 128]
        ratio = latent[:, 0] * rate(values, p, latent)
        error = float(np.std(ratio)) / np.sqrt(len(ratio))
        print("   latent", np.round(np.sort(ratio), 2))
        note = "rate of heads of 192 and 128 against the formula with their mean size, backward"
        keep(
            "attention_latent_backward_share",
            generation,
            "bf16",
            "",
            float(np.median(ratio)),
            error,
            len(ratio),
            SIMU,
            note,
        )


def latent(folder):
    """Latent attention, queries and keys of 192, values of 128, expanded as in training."""
    table = tables(folder, "mla/trtllm/*/context_mla_perf.parquet")
    table = table[(table.step == 0) & (table.isl >= 1024) & (table.kv_cache_dtype == "bfloat16")]
    for generation, cards in GENERATIONS.items():
        part = table[table.sys.isin(cards)]
        batch, s, heads = (part[c].to_numpy(float) for c in ("batch_size", "isl", "num_heads"))
        flop = batch * heads * s**2 * (192 + 128)
        names = ("efficiency", "sequence", "rows", "head_size", "fixed_time")
        p = [FITTED[f"attention_{name}", generation, "bf16"] for name in names]
        p[4] /= MICRO
        said = attention_time(p, machine(part, "bf16")[0], batch, s, heads, 160.0, flop)
        ratio = (said / (part.latency.to_numpy() * 1e-3))[flop > 1e10]
        spread = np.quantile(ratio, [0.1, 0.5, 0.9])
        print("LATENT", generation, len(ratio), spread.round(2))
        note = "rate of heads of 192 and 128 against the formula with their mean size, forward"
        keep(
            "attention_latent_share",
            generation,
            "bf16",
            "",
            float(spread[1]),
            float(spread[2] - spread[0]) / 2.56,
            len(ratio),
            AIC,
            note,
        )


STREAMS = {
    # kernel: bytes it must move for one element, in half precision
    "res_add": ("memory_share", 6, "residual addition, three passes of two bytes"),
    "layernorm": ("memory_share_norm", 4, "layer normalisation forward, two passes"),
    "gelu": ("memory_share_activation", 4, "activation forward, two passes"),
}


def memory(folder):
    """Kernels that only move data: the share of bandwidth and the time of one kernel."""
    for site, device, card in (
        ("Perlmutter", "NVIDIAA100-SXM4-80GB", "a100-sxm-80gb"),
        ("Vista", "NVIDIAGH200120GB", "gh200-96gb"),
    ):
        for kernel, (name, passes, note) in STREAMS.items():
            path = folder / ETT / site / "operator" / f"{device}_{kernel}_fp16.csv"
            table = pd.read_csv(path)
            inner = 4 / table.mp if kernel == "gelu" else 1
            moved = (passes * table.b * table.l * table["dim"] * inner).to_numpy(float)
            time = table["F_dur(us)"].to_numpy() * MICRO
            one_memory(
                gpu(card).generation,
                name,
                moved / gpu(card).memory_bandwidth,
                time,
                table["dim"].to_numpy(),
                ETT,
                f"{note}, {card}",
            )
    table = tables(folder, "quantize/vllm/*/scale_matrix_perf.parquet")
    table = table[3.0 * table.m * table.k > 1e8]
    for generation, cards in GENERATIONS.items():
        part = table[table.sys.isin(cards)]
        if len(part):
            moved = (3.0 * part.m * part.k).to_numpy() / machine(part, "bf16")[1]
            one_memory(
                generation,
                "memory_share_cast",
                moved,
                part.latency.to_numpy() * 1e-3,
                part.k.to_numpy(),
                AIC,
                "casting bf16 to fp8, read two bytes, write one",
            )
            if ("memory_share", generation, "") not in FITTED:
                share = FITTED["memory_share_cast", generation, ""]
                note = "as of casts: where both were measured the two agree within 1%"
                keep("memory_share", generation, "", "", share, 0.03, len(part), AIC, note)


def one_memory(generation, name, ideal, time, spread, source, note):
    groups = pd.Series(spread).rank(method="dense").astype(int).to_numpy() % 8
    values, errors, residual = fitted(
        lambda p: ideal / p[0] + p[1] * MICRO, [0.8, 3], [0.05, 0], [1.2, 200], time, groups
    )
    print("MEMORY", generation, name, np.round(values, 3), summary(residual))
    keep(name, generation, "", "", values[0], errors[0], len(time), source, note)
    if name == "memory_share_norm":
        keep(
            "memory_fixed_time",
            generation,
            "",
            "s",
            values[1] * MICRO,
            errors[1] * MICRO,
            len(time),
            source,
            f"time of a normalisation of no size, {note}",
        )
