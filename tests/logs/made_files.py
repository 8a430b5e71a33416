"""Makes the bytes of logs that are no lines: TensorBoard's event files, MLPerf's results."""

import json
from io import BytesIO
from struct import pack

import numpy as np


def crc32c(data):
    """Return the CRC-32C of bytes, bit by bit (RFC 3720, appendix B.4)."""
    crc = 0xFFFFFFFF
    for byte in data:
        for bit in range(8):
            odd = (crc ^ byte >> bit) & 1
            crc = crc >> 1 ^ (0x82F63B78 if odd else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    """Return a CRC as a record has it: turned by 15 bits, plus a constant."""
    crc = crc32c(data)
    return pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(message):
    """Return one record of an event file."""
    length = pack("<Q", len(message))
    return length + masked(length) + message + masked(message)


def event_file(*events):
    """Return an event file of (moment, step, {tag: number}) events, one a scalar as writers do."""
    return record(b"\x09" + pack("<d", 1.7e9) + field(3, b"brain.Event:2")) + b"".join(
        record(event(moment, step, tag, number))
        for moment, step, scalars in events
        for tag, number in scalars.items()
    )


def event(moment, step, tag, number):
    """Return the message of one scalar; bytes stand for a tensor's own message."""
    is_tensor = isinstance(number, bytes)
    scalar = field(8, number) if is_tensor else b"\x15" + pack("<f", number)
    value = field(1, tag.encode()) + scalar
    return b"\x09" + pack("<d", moment) + b"\x10" + varint(step) + field(5, field(1, value))


def field(number, data):
    """Return a field of bytes of a protocol buffer."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value):
    """Return a whole number as a protocol buffer writes it."""
    value &= (1 << 64) - 1
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def mllog(moment, key, value=None, kind="POINT_IN_TIME", **metadata):
    """Return one line of MLPerf's."""
    entry = {
        "namespace": "",
        "time_ms": round(moment * 1000),
        "event_type": kind,
        "key": key,
        "value": value,
        "metadata": {"file": "/workspace/llm/callbacks.py", "lineno": 12, **metadata},
    }
    return b":::MLLOG " + json.dumps(entry).encode() + b"\n"


def read_all(log_format, data, *more):
    """Return the columns, events and messages that a document format reads from bytes."""
    stream = BytesIO(data)
    chunks = list(
        (log_format.read if hasattr(log_format, "read") else log_format)(stream, "log", *more)
    )
    fields = dict.fromkeys(name for chunk in chunks for name in chunk.columns)
    missing = [np.full(len(chunk), np.nan) for chunk in chunks]
    columns = {
        name: np.concatenate(
            [chunk.columns.get(name, none) for chunk, none in zip(chunks, missing, strict=True)]
        ).tolist()
        for name in fields
    }
    events = [event for chunk in chunks for event in chunk.events]
    return columns, events, [message for chunk in chunks for message in chunk.messages]
