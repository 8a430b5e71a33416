"""Fits of collectives: latency, share of the link, and the slow ramp of middling messages."""

import numpy as np
import pandas as pd
from kernel_fitting import AIC, CARDS, ETT, MICRO, fitted, gpu, keep, summary, tables

LINKS = {
    "nvlink3": ["a100_sxm"],
    "nvlink4": ["h100_sxm", "h200_sxm"],
    "nvlink5": ["b200_sxm", "gb200", "b300_sxm", "gb300"],
    # The table of eight L40S falls with the square of the group, through the host: left out.
    "pcie": ["rtx_pro_6000_server"],
}
COLLECTIVES = {
    "all_reduce": "all_reduce",
    "all_gather": "all_gather",
    "reduce_scatter": "reduce_scatter",
    "all_to_all": "alltoall",
}
SWITCHED = ("nvlink4", "nvlink5")
NOTES = (
    ("bandwidth_share", "", 1, "share of the one-way link of a large message in a large group"),
    ("small_group", "", 1, "the share falls by this over the size of the group"),
    ("latency", "s", MICRO, "time of an empty message"),
    ("latency_step", "s", MICRO, "more of it for each further member of the group"),
    ("ramp_time", "s", MICRO, "the root of this times the ideal time is lost while it ramps up"),
    ("switched_share", "", 1, "share where the switch adds up, groups above four"),
)


def transfer_time(p, ideal, n, switched):
    """Return seconds; `ideal` is f x message over the link's one-way bandwidth."""
    share = p[0] * (1 - p[1] / n)
    if switched:
        share = np.where(n > 4, p[5], share)
    return (p[2] + p[3] * (n - 1) + np.sqrt(p[4] * ideal / MICRO)) * MICRO + ideal / share


def collective(folder):
    table = tables(folder, "comm/nccl/*/nccl_perf.parquet")
    table = table[(table.nccl_dtype == "half") & (table.message_size >= 16384)]
    for link, systems in LINKS.items():
        for name, word in COLLECTIVES.items():
            part = table[table.sys.isin(systems) & (table.op_name == word)]
            n = part.num_gpus.to_numpy(float)
            turns = (2 if name == "all_reduce" else 1) * (n - 1) / n
            band = part.sys.map({s: gpu(c).scale_up_bandwidth for s, c in CARDS.items()})
            ideal = turns * 2.0 * part.message_size.to_numpy() / band.to_numpy(float)
            groups = (part.sys + part.file_version).to_numpy()
            if len(set(groups)) == 1:
                groups = np.arange(len(part)) % 8
            time = part.latency.to_numpy() * 1e-3
            one_link(link, name, ideal, n, time, groups, AIC)


def one_link(link, name, ideal, n, time, groups, source):
    switched = name == "all_reduce" and link in SWITCHED
    width = 6 if switched else 5
    alone = len(set(n)) == 1
    low = [0.005, -40 if link.startswith("pcie") else 0, 0, 0, 0, 0.05]
    high = [1.3, 1e-9 if alone else 1.5, 300, 1e-9 if alone else 40, 500, 1.5]
    values, errors, residual = fitted(
        lambda p: transfer_time(p, ideal, n, switched),
        [0.8, 5e-10 if alone else 0.3, 8, 5e-10 if alone else 1, 10, 0.9][:width],
        low[:width],
        high[:width],
        time,
        groups,
    )
    print("LINK", link, name, np.round(values, 2), summary(residual, n))
    for (part, unit, scale, note), value, error in zip(NOTES, values, errors, strict=False):
        if alone and part in ("small_group", "latency_step", "latency"):
            continue
        keep(
            f"{name}_{part}", link, "", unit, value * scale, error * scale, len(time), source, note
        )


def between_nodes(folder):
    """One device a node over InfiniBand NDR (GH200, Vista): the network alone."""
    where = folder / ETT / "Vista" / "nccl"
    nic = 50e9
    for name, pattern in (
        ("all_reduce", "allreduce_large"),
        ("all_gather", "allgather_large"),
        ("point", "p2p"),
    ):
        parts = [pd.read_csv(path) for path in sorted(where.glob(f"*_{pattern}_fp16_*_1.csv"))]
        if name == "all_reduce":
            parts += [pd.read_csv(path) for path in sorted(where.glob("*_allreduce_fp16_*_1.csv"))]
        table = pd.concat(parts)
        n = table.nodes.to_numpy(float)
        turns = {"all_reduce": 2 * (n - 1) / n, "all_gather": (n - 1) / n, "point": 1 + 0 * n}
        ideal = turns[name] * 2.0 * table["shape"].to_numpy() / nic
        time = table["dur(us)"].to_numpy() * MICRO
        print("  busbw", name, np.round(np.quantile(ideal / time, [0.1, 0.5, 0.9]), 3))
        if name != "all_gather":
            one_link("infiniband", name, ideal, n, time, np.arange(len(time)) % 8, ETT)


def exchange(folder):
    """Tokens to the experts of other devices and back (all-to-all-v of mixture of experts)."""
    table = tables(folder, "comm/trtllm/*/moe_a2a_perf.parquet")
    table = table[(table.comm_backend == "trtllm_deepep_ht") & (table.comm_dtype == "bfloat16")]
    table = table[table.num_tokens >= 1024]
    n = table.ep_size.to_numpy(float)
    moved = copies(n, table.topk) * table.num_tokens * table.hidden_size * 2.0
    band = table.sys.map({s: gpu(c).scale_up_bandwidth for s, c in CARDS.items()})
    for link in SWITCHED:
        here = table.sys.isin(LINKS[link]).to_numpy()
        one_exchange(
            link,
            (moved / band).to_numpy(float)[here],
            table.latency.to_numpy()[here] * MICRO,
            (table.sys + table.phase).to_numpy()[here],
            "all-to-all of DeepEP in a node",
        )
    wide = tables(folder, "comm/trtllm/*/trtllm_alltoall_perf.parquet")
    wide = wide[(wide.kernel_source == "NVLinkOneSided") & (wide.num_tokens >= 1024)]
    wide = wide[wide.op_name.isin(["alltoall_combine", "alltoall_dispatch"])]
    wide = wide[(wide.op_name == "alltoall_combine") | (wide.moe_dtype == "bfloat16")]
    n = wide.moe_ep_size.to_numpy(float)
    ideal = copies(n, wide.topk) * wide.num_tokens * wide.hidden_size * 2.0 / 900e9
    one_exchange(
        "nvlink5-rack",
        ideal.to_numpy(float),
        wide.latency.to_numpy() * 1e-3,
        n,
        "groups of 2 to 64 devices in one NVLink domain of 72",
    )
    far = tables(folder, "comm/sglang/0.5.6.post2/wideep_deepep_normal_perf.parquet")
    # The rows of H200 repeat those of H100; fewer than 20 multiprocessors cannot fill the link.
    far = far[(far.node_num > 1) & (far.sys == "h100_sxm") & (far.combine_sms >= 20)]
    far = far[(far.num_token >= 1024) & (far.num_token <= 16384)]
    nodes = np.tile(far.node_num.to_numpy(float), 2)
    width = np.repeat([1 + 4 / 128, 2.0], len(far))
    once = copies(nodes, np.tile(far.num_topk, 2)) * np.tile(far.num_token * far.hidden_size, 2)
    time = np.r_[far.dispatch_transmit_us, far.combine_transmit_us] * MICRO
    one_exchange(
        "infiniband",
        once * width / 50e9,
        time,
        nodes,
        "there in fp8 and back in bf16, one copy of a token a node, eight NICs a node",
    )


def copies(n, topk):
    """Return to how many other members a token goes when its experts are drawn evenly."""
    return (n - 1) * (1 - (1 - 1 / n) ** topk)


def one_exchange(link, ideal, time, groups, note):
    values, errors, residual = fitted(
        lambda p: ideal / p[0] + p[1] * MICRO, [0.6, 50], [0.02, 0], [1.3, 2000], time, groups
    )
    print(
        "EXCHANGE",
        link,
        np.round(values, 3),
        summary(residual, groups if groups.dtype == float else None),
    )
    keep("expert_exchange_share", link, "", "", values[0], errors[0], len(time), AIC, note)
    keep(
        "expert_exchange_latency",
        link,
        "",
        "s",
        values[1] * MICRO,
        errors[1] * MICRO,
        len(time),
        AIC,
        note,
    )
