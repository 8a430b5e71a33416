"""What a bench measured: an accelerator of the catalogue, or a device of its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from llmcost.catalog.columns import folded
from llmcost.catalog.gpus import MEASURED, PRECISIONS, Accelerator, accelerator
from llmcost.errors import InputError
from llmcost.studies.benching.fitting import best_product, memory_rate, precisions

# Memory is sold by 2^30 byte and labelled as GB; what a machine reports is exact.
LABELLED = 1e9 / 2**30
# The name of the processors of a machine, which no catalogue holds.
PROCESSOR = "cpu"
VENDORS = {"cuda": "NVIDIA", "rocm": "AMD"}


def is_processor(data: Mapping[str, Any]) -> bool:
    """Return whether a bench measured processors, and no accelerator."""
    return bool(data["device"]["kind"] == PROCESSOR)


def device_of(data: Mapping[str, Any], name: str) -> Accelerator:
    """Return the accelerator that the bench of the file `name` measured.

    One that no catalogue holds has its fastest products as peaks and the memory as it was measured.
    Raises InputError where such a one has no product, UnknownNameError for a row that is gone.
    """
    known = data["device"].get("catalogue")
    return accelerator(known) if known else _own(data, name)


def _own(data: Mapping[str, Any], name: str) -> Accelerator:
    device, samples = data["device"], data["samples"]
    kind = str(device["kind"])
    best = {one: best_product(samples, one) for one in precisions(samples) if one in PRECISIONS}
    peaks = {one: float(found["best_value"]) for one, found in best.items() if found}
    if not peaks:
        raise InputError(
            f"{name}: holds no matrix product, so {device['name']} has no peak; needs a bench of "
            "matmul and memory: llmcost bench -o bench.json."
        )
    bandwidth, memory = memory_rate(samples), device.get("memory_bytes")
    return Accelerator(
        name=PROCESSOR if kind == PROCESSOR else folded(str(device["name"])),
        vendor=VENDORS.get(kind, str(device["name"])),
        generation=PROCESSOR if kind == PROCESSOR else kind,
        form_factor="chip",
        peak_flop_rates=MappingProxyType(peaks),
        memory=None if memory is None else float(memory) * LABELLED,
        memory_type=None,
        memory_bandwidth=None if bandwidth is None else bandwidth.value,
        scale_up_link=None,
        scale_up_bandwidth=None,
        scale_up_domain=None,
        nic_bandwidth=None,
        power=None,
        process=None,
        launched=None,
        devices_per_card=1,
        evidence=MEASURED,
        note=str(device["name"]),
        sources=(name,),
    )
