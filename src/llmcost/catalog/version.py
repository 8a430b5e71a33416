"""Which facts an answer was made from: one short digest of every data file."""

from __future__ import annotations

from hashlib import sha256

from llmcost.catalog.files import cached_facts, data_folder, overlay_folder


def data_version() -> str:
    """Return a short digest of the shipped data and seeds, and of the user's own files if any.

    Equal digests mean equal facts; the digest changes with any byte of any file.
    """
    overlay = overlay_folder()
    return _digest(str(overlay or ""))


@cached_facts
def _digest(overlay: str) -> str:
    folders = [data_folder("data"), data_folder("seeds")]
    digest = _of_folders([str(folder) for folder in folders])
    return f"{digest}+{_of_folders([overlay])}" if overlay else digest


def _of_folders(folders: list[str]) -> str:
    from pathlib import Path

    whole = sha256()
    for folder in folders:
        for path in sorted(Path(folder).iterdir()):
            if path.suffix in (".csv", ".toml"):
                whole.update(path.name.encode())
                whole.update(path.read_bytes())
    return whole.hexdigest()[:12]
