"""What a device and its software reach: the rates of the model of a training step.

Rates of kernels and links come from measurements of those alone (`kernel_rates.csv`); constants
that only whole training steps show come from `calibration.toml`, most of them factors near 1 on the
former. A generation of accelerators without measured steps keeps the factors common to all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, sqrt

from llmcost.catalog.gpus import Accelerator, peak_class
from llmcost.catalog.kernels import axis_share, kernel_rate, link_class
from llmcost.catalog.measured import POOLED
from llmcost.errors import InputError

FAMILIES = ("megatron", "fsdp", "xla", "other")
GRAPHS = ("none", "layer", "iteration")
CONTEXT_KINDS = {None: 0.0, "all-gather": 0.0, "ring": 1.0, "all-to-all": 2.0}
LOW = ("fp8", "fp8-block", "mxfp8", "nvfp4", "mxfp4", "fp4", "int8")
OPERAND_BYTES = {"nvfp4": 0.5625, "mxfp4": 0.53125, "fp4": 0.5, "fp32": 4.0, "tf32": 4.0}
KERNEL_OF = {"fp8": "fp8", "mxfp8": "fp8-block", "fp4": "nvfp4"}
THIS_YEAR = 2026.5
# What joins devices whose links or network nobody published [byte/s]: PCIe 3 x16, 100 Gbit/s.
PLAIN_LINK, PLAIN_PORT = 16e9, 12.5e9
# Generations whose clock does not fall in long steps.
STEADY = ("ampere", "volta")
# Fused attention came to Megatron-LM in late 2022 (FlashAttention, arXiv 2205.14135, is of May).
FUSED_SINCE = 2022.9
# Early FlashAttention kernels were the usual ones in PyTorch code until then.
LATER_FLASH_SINCE = 2024.3


@dataclass(frozen=True, slots=True)
class Software:
    """What runs the step: family of frameworks, its date, and what is known of its settings.

    `year` is a date as a number, `None` for today's. `named` is false where the family is a guess.
    What is `None` is not known.
    """

    family: str = "megatron"
    year: float | None = None
    overlap_tensor: bool | None = None
    overlap_data: bool | None = None
    overlap_pipeline: bool | None = None
    overlap_expert: bool | None = None
    graphs: str | None = None
    plain_dispatch: bool | None = None
    named: bool = True
    pure_bf16: bool | None = None
    context_exchange: str | None = None

    @property
    def when(self) -> float:
        """The year, today's where it is not known."""
        return THIS_YEAR if self.year is None else self.year

    @property
    def fused_attention(self) -> bool:
        """Whether attention runs without writing its matrix of scores."""
        return self.family != "megatron" or self.when >= FUSED_SINCE


@dataclass(frozen=True, slots=True)
class Machine:
    """One accelerator at one precision under one software, with how it is wired.

    `gpus_per_node` and `node_bandwidth` [byte/s, one way] override the reference design.
    `measured` are rate columns and their values that were measured on this very device: they stand
    in place of those of the model.
    """

    accelerator: Accelerator
    precision: str
    software: Software = Software()
    gpus_per_node: int | None = None
    node_bandwidth: float | None = None
    slice_size: int | None = None
    measured: tuple[tuple[str, float], ...] = ()

    def __hash__(self) -> int:
        return hash((self.accelerator.name, self.precision, self.software, self.gpus_per_node))

    @property
    def peak(self) -> float:
        """The peak that the precision runs at [FLOP/s/GPU]; raises InputError without one."""
        return peak_rate(self.accelerator, self.precision)

    @property
    def peak_class(self) -> str:
        """Which peak that is: bf16, fp16, fp8, fp4, ..."""
        return peak_class(self.accelerator, self.precision)

    @property
    def vintage(self) -> str:
        """The family, `legacy` for Megatron-like code before fused attention, `tpu` on TPUs."""
        if self.accelerator.vendor == "Google":
            return "tpu"
        return self.software.family if self.software.fused_attention else "legacy"

    @property
    def fitted_as(self) -> str:
        """The generation and peak a fitted constant is named by, fp16 as bf16 where both are."""
        name = self.peak_class
        if name == "fp16" and self.accelerator.generation not in STEADY:
            name = "bf16"
        return f"{self.accelerator.generation}.{name}"


def peak_rate(accelerator: Accelerator, precision: str) -> float:
    """Return the dense peak of an accelerator at a precision [FLOP/s/GPU]."""
    return accelerator.peak_flop_rates[peak_class(accelerator, precision)]


def rates(machine: Machine, constants: Mapping[str, float]) -> dict[str, float]:
    """Return the rate columns of `llmcost.engine.step`, by name.

    `constants` are the values of a calibration. Raises InputError where the accelerator lacks the
    precision, or a figure that the model needs.
    """
    peak_class(machine.accelerator, machine.precision)
    known = Constants(constants, machine)
    found = _exchange(machine, known) | _matmul(machine, known) | _attention(machine, known)
    found |= _memory(machine, known)
    found |= _overlap(machine, known) | _links(machine, known) | _expert(machine, known)
    return found | dict(machine.measured)


class Constants:
    """The constants that hold for one machine."""

    def __init__(self, values: Mapping[str, float], machine: Machine) -> None:
        self._values = values
        self.generation = machine.accelerator.generation
        self.vintage = machine.vintage

    def of(self, name: str) -> float:
        """Return a constant."""
        return self._values[name]

    def family(self, name: str) -> float:
        """Return a constant of the family, or the one common to all families."""
        return self._values.get(f"{name}.{self.vintage}", self._values[f"{name}.other"])

    def factor(self, name: str) -> float:
        """Return a factor that few have: 1 for all others."""
        return self._values.get(name, 1.0)


def _kernel(machine: Machine, name: str, precision: str | None = None) -> float:
    wanted = KERNEL_OF.get(machine.precision, machine.precision)
    generation = machine.accelerator.generation
    return kernel_rate(name, generation, wanted if precision is None else precision).value


def power_share(accelerator: Accelerator) -> float:
    """Return the share of the clock that a part with less power for its peak sustains.

    The square root of its watts per FLOP/s over those of the part that was measured, 1 at most: a
    clock falls with less than the power it takes.
    """
    usual = _USUAL_POWER.get(accelerator.generation)
    peak = accelerator.peak_flop_rates.get("bf16")
    if usual is None or peak is None or accelerator.power is None:
        return 1.0
    return min(1.0, sqrt(accelerator.power / peak / usual))


# Watts over bf16 peak of the parts that kernels were measured on, from gpu_specs.csv.
_USUAL_POWER = {"ampere": 400 / 312e12, "hopper": 700 / 989.4e12}


def _matmul(machine: Machine, known: Constants) -> dict[str, float]:
    software, accelerator = machine.software, machine.accelerator
    reached = _kernel(machine, "gemm_efficiency") * _sustained(machine, known)
    reached *= known.factor(f"matmul.{machine.fitted_as}") * known.family("matmul")
    if software.family == "megatron" and software.fused_attention:
        reached *= _younger(known.of("yearly_gain"), software.when)
    reached *= power_share(accelerator)
    rate = machine.peak * min(reached, 1.0)
    operand = OPERAND_BYTES.get(machine.precision, 1.0 if machine.precision in LOW else 2.0)
    bandwidth = _needed(accelerator.memory_bandwidth, "memory bandwidth", accelerator)
    traffic = _kernel(machine, "gemm_traffic") * (2 * operand + 2) / 3 / bandwidth
    depth = 2 * _kernel(machine, "gemm_depth") / rate / 3
    head = peak_rate(accelerator, _wide(accelerator)) * known.of("head_efficiency")
    head *= _kernel(machine, "gemm_efficiency", "bf16")
    return {
        "matmul_rate": rate,
        "side_time": known.of("sides") * (traffic + depth),
        "expert_side_time": known.of("expert_sides") * (traffic + depth),
        "kernel_time": min(_kernel(machine, "gemm_fixed_time"), 5e-6) * known.family("launch"),
        "head_rate": head * power_share(accelerator),
    }


def _sustained(machine: Machine, known: Constants) -> float:
    """Return the share of a kernel's speed that a long step keeps.

    A TPU's clock does not move with its power, and an A100 or V100 stays below its limit: products
    of training size reach there what short ones do (`gemm_sustained_share` of kernel_rates.csv).
    """
    steady = machine.vintage == "tpu" or machine.accelerator.generation in STEADY
    return 1.0 if steady else known.of("sustained")


def _wide(accelerator: Accelerator) -> str:
    """Return the precision of what stays wide in a step of narrow formats."""
    for name in ("bf16", "fp16", "fp32"):
        if accelerator.peak_flop_rates.get(name):
            return name
    raise InputError(f"{accelerator.name}: has no peak at bf16, fp16 or fp32.")


def _younger(gain: float, when: float) -> float:
    """Return what software of that date reaches of today's, three years back at most."""
    return 1.0 - gain * min(max(2026.0 - when, 0.0), 3.0)


def _attention(machine: Machine, known: Constants) -> dict[str, float]:
    software, accelerator = machine.software, machine.accelerator
    wide = peak_rate(accelerator, _wide(accelerator)) * power_share(accelerator)
    if not software.fused_attention:
        return {
            "fused_attention": 0.0,
            "attention_rate": wide * known.of("unfused_attention_efficiency"),
            "attention_ramp": 0.0,
            "attention_fill": 0.0,
            "attention_head_size": 0.0,
            "odd_head_share": known.of("odd_head_share"),
            "attention_backward": 2.0,
            "score_bytes": known.of("score_bytes"),
        }
    reached = _attention_efficiency(machine) * known.of("attention_sustained")
    reached *= known.factor(f"attention.{accelerator.generation}") * _flash(machine, known)
    return {
        "fused_attention": 1.0,
        "attention_rate": wide * reached,
        "attention_ramp": _kernel(machine, "attention_sequence", "bf16"),
        "attention_fill": _kernel(machine, "attention_rows", "bf16"),
        "attention_head_size": _kernel(machine, "attention_head_size", "bf16"),
        "odd_head_share": 1.0,
        "attention_backward": known.of("attention_backward"),
        "score_bytes": 0.0,
    }


def _attention_efficiency(machine: Machine) -> float:
    """Return the share of peak of fused attention, by way of products where it is not measured."""
    generation = machine.accelerator.generation
    own = kernel_rate("attention_efficiency", generation, "bf16")
    if not own.pooled:
        return own.value
    products = kernel_rate("gemm_efficiency", generation, "bf16").value
    return own.value * products / kernel_rate("gemm_efficiency", POOLED, "bf16").value


def _flash(machine: Machine, known: Constants) -> float:
    """Return what the attention kernels of a family and date reach of the makers' own."""
    software, generation = machine.software, machine.accelerator.generation
    if software.family not in ("fsdp", "other"):
        return 1.0
    if software.when < LATER_FLASH_SINCE:
        return known.factor(f"early_flash.{generation}")
    return known.of("later_flash") if generation == "hopper" else 1.0


def _memory(machine: Machine, known: Constants) -> dict[str, float]:
    accelerator = machine.accelerator
    bandwidth = _needed(accelerator.memory_bandwidth, "memory bandwidth", accelerator)
    elementwise, low = known.family("elementwise"), machine.precision in LOW
    quantised = _kernel(machine, "quantisation_traffic") if low else 0.0
    return {
        "memory_rate": bandwidth * known.of("memory_share"),
        "norm_bytes": known.of("norm_bytes") * elementwise,
        "rotary_bytes": known.of("rotary_bytes") * elementwise,
        "activation_bytes": known.of("activation_bytes") * elementwise,
        "memory_backward": known.of("memory_backward"),
        "quantise_bytes": quantised * known.of("quantise"),
        "logit_traffic": known.of("logit_bytes"),
        "layer_time": known.of("layer_time") * known.family("launch"),
        "launch_backward": known.of("launch_backward"),
        "selective_share": known.of("selective_share"),
        "optimizer_traffic": known.of("optimizer_traffic"),
        "gradient_traffic": known.of("gradient_traffic"),
        "step_overhead": known.of("step_overhead"),
        "straggler_growth": known.of("straggler_growth"),
    }


def _overlap(machine: Machine, known: Constants) -> dict[str, float]:
    software = machine.software
    apart = software.overlap_data is False
    sixteen = machine.vintage == "fsdp" or software.pure_bf16 is True
    kind = software.context_exchange
    if kind not in CONTEXT_KINDS:
        raise InputError(f"context_exchange {kind!r}: must be one of {[*CONTEXT_KINDS]}.")
    return {
        "tensor_exposed": 1.0
        if software.overlap_tensor is False
        else known.family("tensor_exposed"),
        "context_kind": CONTEXT_KINDS[kind],
        "context_hidden": 0.0 if kind == "all-to-all" else known.of("context_hidden"),
        "context_exposed": 1.0 if kind == "all-to-all" else known.of("context_exposed"),
        "pipeline_exposed": 1.0
        if software.overlap_pipeline is False
        else known.of("pipeline_exposed"),
        "data_hidden": 0.0 if apart else known.of("data_hidden"),
        "data_exposed": 1.0 if apart else known.of("data_exposed"),
        "shard_exposed": 1.0 if apart else known.of("shard_exposed"),
        "gradient_reduce_bytes": 2.0 if sixteen else 4.0,
        "gather_bytes": 2.0,
    }


def _expert(machine: Machine, known: Constants) -> dict[str, float]:
    software = machine.software
    recent = software.when >= 2026.4 and machine.accelerator.generation.startswith("blackwell")
    overlap = software.overlap_expert
    if overlap is None:
        overlap = recent
    graphs = software.graphs or ("iteration" if recent else "none")
    plain = bool(software.plain_dispatch)
    dispatch = 1.0 if plain else known.of("fused_dispatch")
    waiting = known.of("plain_dispatch_time") if plain else 0.0
    return {
        "half_expert_width": known.of("half_expert_width"),
        "tile_padding": known.of("tile_padding"),
        "expert_imbalance": known.of("expert_imbalance"),
        "expert_layer_time": known.of(f"expert_layer_time.{graphs}") + waiting,
        "permute_bytes": known.of("permute_bytes") * dispatch,
        "expert_exposed": known.of(f"expert_exposed.{'overlapped' if overlap else 'plain'}"),
        "expert_hidden": known.of("expert_hidden") if software.overlap_expert is not False else 0.0,
        "deduplicated": 0.0 if plain else 1.0,
        "unfused_mlp": known.of("unfused_mlp"),
        "sink_attention": known.of("sink_attention"),
    }


def _domain(machine: Machine) -> int:
    """Return the devices that fast links join [GPU]."""
    domain = machine.slice_size or machine.accelerator.scale_up_domain or machine.gpus_per_node or 1
    inside = machine.gpus_per_node and domain <= 16 and not machine.slice_size
    return machine.gpus_per_node if machine.gpus_per_node and inside else domain


def _link(machine: Machine) -> float:
    """Return the links of one device, one way [byte/s]."""
    return machine.accelerator.scale_up_bandwidth or PLAIN_LINK


def _port(machine: Machine) -> float:
    """Return the network of one device, one way [byte/s]: its share of the node's where stated."""
    if machine.node_bandwidth:
        return machine.node_bandwidth / (machine.gpus_per_node or min(_domain(machine), 8))
    return machine.accelerator.nic_bandwidth or PLAIN_PORT


def _links(machine: Machine, known: Constants) -> dict[str, float]:
    accelerator = machine.accelerator
    share = kernel_rate("all_gather_bandwidth_share", link_class(accelerator), "").value
    share *= axis_share(accelerator)
    return {
        "scale_up_domain": float(_domain(machine)),
        "scale_up_rate": _link(machine) * share * known.of("link_share"),
        "network_rate": _port(machine) * known.of("network_share"),
        "scale_up_latency": known.of("scale_up_latency"),
        "network_latency": known.of("network_latency"),
    }


def _exchange(machine: Machine, known: Constants) -> dict[str, float]:
    """Return the rates at which tokens travel to experts: by a fused dispatcher, or all-to-all."""
    links = link_class(machine.accelerator)
    within = "nvlink5-rack" if links == "nvlink5" else links
    share = kernel_rate("expert_exchange_share", within, "").value
    if machine.software.plain_dispatch:
        share = kernel_rate("all_to_all_bandwidth_share", links, "").value * known.of("link_share")
    return {
        "expert_link_rate": _link(machine) * share,
        "expert_network_rate": _port(machine) * known.of("expert_network_share"),
        "expert_latency": kernel_rate("expert_exchange_latency", within, "").value,
    }


def _needed(value: float | None, what: str, accelerator: Accelerator) -> float:
    if value is None or value == inf:
        raise InputError(f"{accelerator.name}: its {what} is not known, so no step is modelled.")
    return value
