"""Which formula stands behind each number, and how it reads in one line."""

from __future__ import annotations

_FLOPS = "llmcost.formulas.flops"
_UTILIZATION = "llmcost.formulas.utilization"
_DURATION = "llmcost.formulas.duration"
_MONEY = "llmcost.formulas.money"
_LAWS = "llmcost.formulas.scaling_laws"
_RELIABILITY = "llmcost.formulas.reliability"
_ENERGY = "llmcost.formulas.energy"
_DEVELOPMENT = "llmcost.formulas.development"

RUN: dict[str, tuple[str, str]] = {
    "matmul_flop_per_token": (f"{_FLOPS}:matmul_flop_per_token", "6 x matmul_parameters"),
    "attention_flop_per_token": (
        f"{_FLOPS}:attention_flop_per_token",
        "6 x width x mean_context, summed over kinds of layers",
    ),
    "mean_context": (
        f"{_FLOPS}:mean_context",
        "S in full; S/2 causal; window w: w - w^2/(2S) causal",
    ),
    "model_flop_6nd": (f"{_LAWS}:model_flop_6nd", "6 x active_parameters x tokens"),
    "hardware_flop": (
        f"{_UTILIZATION}:hardware_flop",
        "model_flop x (1 + recompute_forward_share / 3)",
    ),
    "recompute_forward_share": (
        f"{_UTILIZATION}:recompute_forward_share",
        "1 in full; the share of attention, selective; 0 without",
    ),
    "mfu": (f"{_UTILIZATION}:mfu", "model FLOP/s of one device / peak_flop_rate"),
    "hfu": (f"{_UTILIZATION}:hfu", "mfu x hardware_flop / model_flop"),
    "gpu_hours": (
        f"{_DURATION}:gpu_hours",
        "model_flop / (peak_flop_rate x mfu x goodput x steady_share) / 3600",
    ),
    "wall_clock": (f"{_DURATION}:wall_clock", "gpu_hours / num_gpus / 24"),
    "tokens_per_gpu_second": (
        f"{_DURATION}:tokens_per_gpu_second",
        "peak_flop_rate x mfu / model FLOP per token",
    ),
    "tokens_per_second": (f"{_DURATION}:tokens_per_second", "tokens_per_gpu_second x num_gpus"),
    "cost": (f"{_MONEY}:rental_cost", "gpu_hours x price"),
    "cost_per_million_tokens": (f"{_MONEY}:cost_per_million_tokens", "cost / (tokens / 1e6)"),
    "tokens_per_parameter": (f"{_LAWS}:tokens_per_parameter", "tokens / parameters"),
    "compute_optimal_ratio": (
        f"{_LAWS}:compute_optimal_ratio",
        "tokens / compute_optimal_tokens",
    ),
    "compute_optimal_tokens": (
        f"{_LAWS}:hoffmann_2022_approach_1",
        "log-log interpolation of the paper's table 3 at this parameter count",
    ),
    "compute_optimal_tokens_besiroglu_2024": (
        f"{_LAWS}:besiroglu_2024",
        "(beta B / (alpha A) x parameters^alpha)^(1/beta)",
    ),
}

FAILURES: dict[str, tuple[str, str]] = {
    "mtbf": (f"{_RELIABILITY}:mtbf", "1 / (num_gpus x failure_rate)"),
    "checkpoint_time": (
        f"{_RELIABILITY}:checkpoint_time",
        "parameters x checkpoint_bytes_per_parameter / (checkpoint_bandwidth x num_gpus)",
    ),
    "checkpoint_interval": (
        f"{_RELIABILITY}:daly_interval",
        "sqrt(2 d M) (1 + sqrt(d / 2M) / 3 + (d / 2M) / 9) - d, d checkpoint_time, M mtbf",
    ),
    "goodput": (
        f"{_RELIABILITY}:goodput",
        "(1 - maintenance_share) x share_not_restarting x share_kept x (1 - checkpoint_share)",
    ),
    "share_not_restarting": (
        f"{_RELIABILITY}:share_not_restarting",
        "exp(-restart_time / mtbf)",
    ),
    "share_kept": (
        f"{_RELIABILITY}:share_kept",
        "x / (exp(x) - 1), x = (checkpoint_interval + checkpoint_time) / mtbf",
    ),
    "checkpoint_share": (
        f"{_RELIABILITY}:checkpoint_share",
        "checkpoint_time / (checkpoint_interval + checkpoint_time)",
    ),
    "checkpoint_loss": (
        f"{_RELIABILITY}:checkpoint_loss",
        "(1 - maintenance_share) x share_not_restarting x share_kept x checkpoint_share",
    ),
    "rework_loss": (
        f"{_RELIABILITY}:rework_loss",
        "(1 - maintenance_share) x share_not_restarting x (1 - share_kept)",
    ),
    "restart_loss": (
        f"{_RELIABILITY}:restart_loss",
        "(1 - maintenance_share) x (1 - share_not_restarting)",
    ),
}

RENTAL: dict[str, tuple[str, str]] = {
    f"rental_{terms}_cost": (f"{_MONEY}:rental_cost", f"gpu_hours x price, {words}")
    for terms, words in {
        "on_demand": "on demand",
        "spot": "spot",
        "reserved_1y": "reserved for a year",
        "reserved_3y": "reserved for three years",
        "capacity_block": "in a block of capacity",
        "marketplace": "on a marketplace",
        "contract_1y": "by contract for a year",
    }.items()
}

_HOURS_IN_USE = "(8766 x cluster_utilization)"
OWNERSHIP: dict[str, tuple[str, str]] = {
    "acquisition_cost": (
        f"{_MONEY}:acquisition_cost",
        "num_gpus x server_price / (1 - network_share)",
    ),
    "owned_servers_cost": (
        f"{_MONEY}:amortised_cost",
        f"gpu_hours x server_price x 1 / server_lifetime / {_HOURS_IN_USE}",
    ),
    "owned_network_cost": (
        f"{_MONEY}:amortised_cost",
        "owned_servers_cost x network_share / (1 - network_share)",
    ),
    "owned_capital_cost": (
        f"{_MONEY}:amortised_cost",
        f"gpu_hours x server_price / (1 - network_share) x capital_charge / {_HOURS_IN_USE}",
    ),
    "capital_charge": (
        f"{_MONEY}:capital_charge",
        "r / (1 - (1 + r)^-server_lifetime) - 1 / server_lifetime, r cost_of_capital",
    ),
    "owned_cost": (
        f"{_MONEY}:owned_cost",
        "owned_servers_cost + owned_network_cost + owned_capital_cost + energy_cost",
    ),
    "owned_price": (f"{_MONEY}:owned_price", "owned_cost / gpu_hours"),
    "energy_cost": (f"{_ENERGY}:energy_cost", "energy x electricity_price"),
    "mean_power": (
        f"{_ENERGY}:mean_power",
        "num_gpus x rated_power x server_power_ratio x power_draw_fraction x pue",
    ),
    "energy": (
        f"{_ENERGY}:energy",
        "gpu_hours x rated_power x server_power_ratio x power_draw_fraction x pue",
    ),
    "carbon": (f"{_ENERGY}:carbon", "energy x carbon_intensity"),
    "embodied_carbon": (
        f"{_ENERGY}:embodied_carbon",
        f"gpu_hours x embodied_carbon_per_gpu / server_lifetime / {_HOURS_IN_USE}",
    ),
    "water": (f"{_ENERGY}:water", "energy x water_intensity"),
}

_ALL_LINES = (
    "experiments_cost + post_training_cost + staff_cost + storage_cost + network_cost + data_cost"
)
DEVELOPMENT: dict[str, tuple[str, str]] = {
    "experiments_cost": (
        f"{_DEVELOPMENT}:experiments_cost",
        "cost x (experiments_ratio - 1)",
    ),
    "post_training_cost": (
        f"{_DEVELOPMENT}:post_training_cost",
        "cost x post_training_share",
    ),
    "post_training_share": (
        f"{_DEVELOPMENT}:post_training_share",
        "post_training_tokens x post_training_multiplier / tokens",
    ),
    "staff_cost": (
        f"{_DEVELOPMENT}:staff_cost",
        "staff x staff_time x (salary x staff_overhead + equity_pay)",
    ),
    "rental_add_ons_cost": (
        f"{_DEVELOPMENT}:rental_add_ons_cost",
        "(cost + experiments_cost + post_training_cost) x rental_add_ons",
    ),
    "development_cost": (
        f"{_DEVELOPMENT}:development_cost",
        f"cost + {_ALL_LINES} + rental_add_ons_cost",
    ),
    "owned_experiments_cost": (
        f"{_DEVELOPMENT}:experiments_cost",
        "owned_cost x (experiments_ratio - 1)",
    ),
    "owned_post_training_cost": (
        f"{_DEVELOPMENT}:post_training_cost",
        "owned_cost x post_training_share",
    ),
    "owned_development_cost": (
        f"{_DEVELOPMENT}:development_cost",
        f"owned_cost + owned_{_ALL_LINES.replace('+ post', '+ owned_post')}",
    ),
}

FORMULAS: dict[str, tuple[str, str]] = {
    **RUN,
    **FAILURES,
    **RENTAL,
    **OWNERSHIP,
    **DEVELOPMENT,
}
