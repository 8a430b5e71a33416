"""Layouts in the few words that people need."""

from __future__ import annotations

# Parts of a layout's text that say nothing unusual.
PLAIN = frozenset(
    (
        *("vp=1", "cp=1", "ep=1", "etp=1", "sp=on", "recompute=none"),
        *("schedule=1f1b", "schedule=interleaved"),
    )
)


def short_layout(text: str) -> str:
    """Return a layout's text without what is plain, and without the batch, which stands apart.

    >>> short_layout("tp=8,pp=4,dp=2,cp=1,mbs=1,gbs=64,zero=1,shard=2,sp=on,recompute=none")
    'tp=8, pp=4, dp=2, mbs=1, zero=1'
    """
    parts = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
    kept = [
        f"{key}={value}"
        for key, value in parts.items()
        if key != "gbs" and f"{key}={value}" not in PLAIN and not _whole_group(key, value, parts)
    ]
    return ", ".join(kept)


def _whole_group(key: str, value: str, parts: dict[str, str]) -> bool:
    """Return whether a part is the shard group of all replicas."""
    if key != "shard" or not value.isdigit():
        return False
    return int(value) == int(parts.get("dp", 1)) * int(parts.get("cp", 1))
