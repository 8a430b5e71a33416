"""Which publications of measurements belong together."""

from __future__ import annotations

import re

# The start of a source's short name, and the family of publications that it belongs to. The first
# that fits counts.
FAMILIES = (
    ("dgxc", "nemo"),
    ("nemo", "nemo"),
    ("mbridge", "mbridge"),
    ("megatron-bridge", "mbridge"),
    ("megatron", "megatron"),
    ("maxtext", "maxtext"),
    ("simumax", "simumax"),
)
VERSION = re.compile(r"v?\d[\d.]*(?:rc\d+)?")


def source_family(source: str) -> str:
    """Return the family of a source: its short name without versions and dates.

    Releases of one benchmark are one family, and so are benchmarks that share rows.

    >>> source_family("dgxc-v25.02.02"), source_family("nemo-24.07"), source_family("acme-2026-03")
    ('nemo', 'nemo', 'acme')
    """
    name = source.strip().lower().replace("_", "-").replace(" ", "-")
    for start, family in FAMILIES:
        if re.match(rf"{start}(?![a-z])", name):
            return family
    parts = [part for part in name.split("-") if part and not VERSION.fullmatch(part)]
    return "-".join(parts) or name
