"""What tests of the catalogue share."""

import csv

import pytest

from llmcost.catalog import files
from llmcost.catalog.price_quotes import GPU_PRICES

HEADERS = {column.name: column.header for column in GPU_PRICES.columns}


@pytest.fixture
def prices(monkeypatch, tmp_path):
    """Make the given rows the only prices; the rest of the catalogue stays the shipped one."""
    shipped = files.data_folder()
    for name in ("gpu_specs.csv", "gpu_aliases.csv", "defaults.csv"):
        (tmp_path / name).write_bytes((shipped / name).read_bytes())

    def write(*rows: dict[str, str]) -> None:
        with (tmp_path / GPU_PRICES.name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, GPU_PRICES.headers)
            writer.writeheader()
            writer.writerows({HEADERS[k]: v for k, v in entry.items()} for entry in rows)
        monkeypatch.setattr(files, "data_folder", lambda _name="data": tmp_path)
        files.clear_cache()

    yield write
    monkeypatch.undo()
    files.clear_cache()
