"""What people read for each input of a run."""

INPUT_TITLES = {
    "model": "Model",
    "parameters": "Parameters",
    "active_parameters": "Active parameters",
    "tokens": "Tokens",
    "seq_length": "Sequence length",
    "phases": "Phases",
    "attention_flop": "Attention FLOP",
    "gpu": "Accelerator",
    "num_gpus": "Accelerators",
    "precision": "Precision",
    "peak_flop_rate": "Dense peak",
    "throughput": "Throughput",
    "mfu": "MFU",
    "goodput": "Goodput",
    "recompute": "Recompute",
    "framework": "Framework",
    "layout": "Layout",
    "global_batch_size": "Sequences a step",
    "anchor": "Anchor",
    "price_per_node_hour": "Price per node",
    "gpus_per_node": "GPUs per node",
    "price": "Price per GPU-hour",
    "scaling_law": "Scaling law",
    "max_cost": "Most to spend",
    "failure_rate": "Failures",
    "restart_time": "Restart",
    "maintenance_share": "Planned maintenance",
    "checkpoint_bandwidth": "Checkpoint bandwidth",
    "checkpoint_bytes_per_parameter": "Checkpoint a parameter",
    "checkpoint_time": "Checkpoint",
    "checkpoint_interval": "Between checkpoints",
    "steady_share": "Slow steps and phases",
    "server_price": "Server price",
    "network_share": "Network of cluster",
    "server_lifetime": "Server life",
    "cluster_utilization": "Cluster utilization",
    "depreciation": "Depreciation",
    "hardware_price_decline": "Decline of value",
    "server_age": "Server age",
    "cost_of_capital": "Cost of capital a year",
    "region": "Region",
    "rated_power": "Rated power",
    "server_power_ratio": "Server over chips",
    "power_draw_fraction": "Draw over rated",
    "pue": "PUE",
    "electricity_price": "Electricity",
    "carbon_intensity": "Carbon of the grid",
    "embodied_carbon_per_gpu": "Embodied carbon",
    "water_intensity": "Water",
    "scope": "Scope",
    "experiments_ratio": "All over final compute",
    "post_training_share": "Post-training",
    "staff": "Staff",
    "staff_time": "Time of staff",
    "salary": "Salary",
    "staff_overhead": "Employer over salary",
    "equity": "Equity as pay",
    "equity_pay": "Equity",
    "staff_share": "Staff in development",
    "rental_add_ons": "Add-ons to the rent",
    "storage_cost": "Storage",
    "network_cost": "Network traffic",
    "data_cost": "Data",
}
SHARES = (
    *("mfu", "hfu", "goodput", "steady_share", "maintenance_share", "network_share"),
    *("cluster_utilization", "cost_of_capital", "power_draw_fraction", "post_training_share"),
    *("staff_share", "rental_add_ons"),
)


def input_title(name: str) -> str:
    """Return what an input is called; a price on some terms by the terms.

    >>> input_title("price_reserved_1y"), input_title("pue")
    ('Price (reserved 1y)', 'PUE')
    """
    if name.startswith("price_") and name not in INPUT_TITLES:
        return f"Price ({name.removeprefix('price_').replace('_', ' ')})"
    return INPUT_TITLES.get(name) or name.replace("_", " ").capitalize()
