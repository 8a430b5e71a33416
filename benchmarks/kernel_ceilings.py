"""Rates of which a page prints one figure a device, and pooled rates for what was not measured."""

import numpy as np
from kernel_fitting import AIC, ETT, FITTED, ROWS, gpu, keep, peak_of

BEST, NETWORK = "stas00-ml-engineering", "stas00-network"
TPU, AWS = "tpu-recipes-microbenchmarks", "aws-nccl-tests"
# The fastest GEMM of any shape [TFLOP/s].
FASTEST = {
    ("a100-sxm-80gb", "bf16"): (271.2, BEST),
    ("h100-sxm", "bf16"): (794.5, BEST),
    ("b200", "bf16"): (1745.0, BEST),
    ("gb200", "bf16"): (1822.0, BEST),
    ("b300", "bf16"): (1769.0, BEST),
    ("gaudi2", "bf16"): (418.7, BEST),
    ("gaudi3", "bf16"): (1243.0, BEST),
    ("mi300x", "bf16"): (668.4, BEST),
    ("mi325x", "bf16"): (784.9, BEST),
    ("mi355x", "bf16"): (1565.0, BEST),
    ("tpu-v6e", "bf16"): (827.5, TPU),
    ("tpu-v7", "bf16"): (1912.8, TPU),
    ("gaudi2", "fp8"): (826.5, BEST),
    ("gaudi3", "fp8"): (1289.5, BEST),
}
# Share of the one-way link at the largest message, and its spread.
LARGEST = (
    ("all_reduce_bandwidth_share", "xgmi", 312.9 / 448, 0.05, 1, NETWORK, "8 MI300X, 4 GiB"),
    ("all_reduce_bandwidth_share", "efa", 0.787, 0.05, 2, f"{NETWORK}; {AWS}",
     "share of the NIC: 32 B200 0.739, 16 A100 0.835"),
    ("point_bandwidth_share", "nvlink3", 274 / 300, 0.03, 1, NETWORK, "copy from A100 to A100"),
    ("point_bandwidth_share", "nvlink4", 386 / 450, 0.03, 2, NETWORK, "copy, H100 0.84, H200 0.88"),
    ("point_bandwidth_share", "nvlink5", 746 / 900, 0.03, 1, NETWORK, "copy from GB200 to GB200"),
    ("all_gather_bandwidth_share", "ici", 178.8 / 200, 0.1, 1, TPU,
     "4 TPU7x as 2x2x1, share of the two links that the group has"),
)  # fmt: skip
POOLED_LINKS = ("nvlink3", "nvlink4", "nvlink5", "infiniband")


def ceilings(_folder):
    """Devices without a table of shapes: the fastest GEMM, scaled as on devices that have both."""
    share = {key: rate * 1e12 / peak_of(gpu(key[0]), key[1]) for key, (rate, _) in FASTEST.items()}
    both = [
        FITTED[key] / share[card, precision]
        for card, precision in FASTEST
        if (key := ("gemm_efficiency", gpu(card).generation, precision)) in FITTED
    ]
    print("CEILINGS typical over fastest", np.round(both, 3))
    typical, spread = float(np.median(both)), float(np.std(both))
    found = {}
    for card, precision in FASTEST:
        found.setdefault((gpu(card).generation, precision), []).append((card, precision))
    for (generation, precision), keys in found.items():
        if ("gemm_efficiency", generation, precision) not in FITTED:
            values = [share[key] * typical for key in keys]
            error = float(np.hypot(spread, np.std(values)))
            source = FASTEST[keys[0]][1]
            note = (
                f"fastest GEMM of any shape ({', '.join(c for c, _ in keys)}) times {typical:.3f}"
            )
            keep("gemm_efficiency", generation, precision, "", float(np.mean(values)), error,
                 len(keys), source, note)  # fmt: skip
    for name, link, value, error, rows, source, note in LARGEST:
        keep(name, link, "", "", value, error, rows, source, note)
        if name != "point_bandwidth_share":
            small = name.replace("bandwidth_share", "small_group")
            keep(small, link, "", "", 0.0, 0.2, rows, source, "measured at the one size of group")
    keep(
        "all_reduce_latency",
        "efa",
        "",
        "s",
        309e-6,
        1e-4,
        3,
        f"{NETWORK}; {AWS}",
        "median of 1 MiB on 16 A100, 16 H100 and 32 B200, the part inside nodes included",
    )
    derived()


def derived():
    """What follows from another collective of the same link."""
    for link in ("nvlink3", "nvlink4", "nvlink5"):
        latency = (
            FITTED["all_to_all_latency", link, ""] + FITTED["all_to_all_latency_step", link, ""]
        )
        keep(
            "point_latency",
            link,
            "",
            "s",
            latency,
            2e-6,
            45,
            AIC,
            "as of an all-to-all of two, which is one send and one receive",
        )
    whole = {
        part: FITTED[f"all_reduce_{part}", "infiniband", ""]
        for part in ("bandwidth_share", "small_group", "latency", "ramp_time")
    }
    note = "half of an all-reduce, which is a reduce-scatter and an all-gather"
    for name in ("all_gather", "reduce_scatter"):
        keep(
            f"{name}_bandwidth_share",
            "infiniband",
            "",
            "",
            whole["bandwidth_share"],
            0.2,
            6522,
            ETT,
            f"{note}; all-gathers in the same table reach 0.35 to 0.56",
        )
        keep(
            f"{name}_small_group", "infiniband", "", "", whole["small_group"], 0.1, 6522, ETT, note
        )
        for part, error in (("latency", 1e-5), ("ramp_time", 3e-6)):
            keep(f"{name}_{part}", "infiniband", "", "s", whole[part] / 2, error, 6522, ETT, note)
        keep(f"{name}_latency_step", "infiniband", "", "s", 0.0, 1e-6, 6522, ETT, note)
    keep(
        "point_latency",
        "infiniband",
        "",
        "s",
        whole["latency"] / 2,
        1e-5,
        6522,
        ETT,
        "half of the latency of an all-reduce of few, which sends twice",
    )
    keep(
        "all_to_all_latency",
        "infiniband",
        "",
        "s",
        whole["latency"] / 2,
        1e-5,
        6522,
        ETT,
        "as of a message from point to point",
    )


def pooled(_folder):
    """The median over generations or links, for those of which nothing was measured."""
    found = {}
    for row in ROWS:
        link = row["name"].split("_")[0] in ("all", "reduce", "point", "expert")
        if (link and row["generation"] in POOLED_LINKS) or (not link and row["rows"] > 2):
            found.setdefault((row["name"], row["precision"]), []).append(row)
    for (name, precision), rows in found.items():
        values = [FITTED[name, row["generation"], precision] for row in rows]
        spread = float(np.std(values)) if len(values) > 1 else abs(values[0]) / 2
        sources = "; ".join(sorted({row["source"] for row in rows}))
        names = ", ".join(row["generation"] for row in rows)
        keep(name, "any", precision, rows[0]["unit"], float(np.median(values)), spread,
             sum(row["rows"] for row in rows), sources, f"median of {names}")  # fmt: skip
