"""The bytes of TensorBoard's event files: records, events, and the scalars that they hold.

A file is a row of records (tensorflow/core/lib/io/record_writer.cc): a length of eight bytes, its
masked CRC-32C, so many bytes of a message, and theirs. A message (tensorflow/core/util/event.proto)
has a moment (1), a step (2), the version of the file (3) and a summary (5); a summary has values,
each with a tag (1) and a number (2) or a tensor (8). Both checks are made; that of the bytes not of
long messages, which hold pictures and histograms, for it would take far longer than all the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from struct import Struct
from typing import IO

VERSION = b"brain.Event:"
MAX_MESSAGE = 1 << 28
# Messages up to this length [byte] are checked: those of scalars are far shorter.
CHECKED = 1 << 12
_HEADER, _CHECK = Struct("<QI"), Struct("<I")
_DOUBLE, _FLOAT = Struct("<d"), Struct("<f")
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
# A message as writers of scalars make it: a moment, a step, and one value of a short tag.
_USUAL = re.compile(
    rb"\x09(.{8})\x10([\x80-\xff]{0,8}[\x00-\x7f])\x2a([\x00-\x7f])\x0a([\x00-\x7f])"
    rb"\x0a([\x00-\x7f])(.{0,127})\x15(.{4})",
    re.DOTALL,
)
# Of a tensor's types (tensorflow/core/framework/types.proto): struct letter of its bytes.
_CONTENT = {1: "f", 2: "d", 3: "i", 9: "q"}
Field = tuple[int, int, int | memoryview]


class DamagedError(ValueError):
    """The bytes are no record."""


@dataclass(frozen=True, slots=True)
class Written:
    """One event: its moment [s since 1970], its step, its scalars by tag."""

    time_stamp: float
    step: int
    scalars: tuple[tuple[str, float], ...]


def length_of(header: bytes) -> int:
    """Return the length of a record's message; DamagedError where its check does not fit."""
    if len(header) < _HEADER.size:
        raise DamagedError("cut off")
    length, check = _HEADER.unpack_from(header)
    if _crc_of_length(header[:8]) != check or length > MAX_MESSAGE:
        raise DamagedError("damaged")
    return int(length)


def messages(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the messages of a file; DamagedError where it is cut off or damaged."""
    while header := stream.read(_HEADER.size):
        length = length_of(header)
        message = stream.read(length + 4)
        if len(message) < length + 4:
            raise DamagedError("cut off")
        body = message[:length]
        if length <= CHECKED and _masked_crc(body) != _CHECK.unpack(message[length:])[0]:
            raise DamagedError("damaged")
        yield body


def written(message: bytes) -> Written:
    """Return the event that a message holds; DamagedError where it is none."""
    usual = _USUAL.fullmatch(message)
    if usual is not None and _lengths_fit(usual):
        step = _varint(memoryview(usual[2]), 0)[0]
        scalar = float(_FLOAT.unpack(usual[7])[0])
        tag = usual[6].decode("utf-8", "replace")
        return Written(float(_DOUBLE.unpack(usual[1])[0]), _signed(step), ((tag, scalar),))
    return _read(message)


def _lengths_fit(usual: re.Match[bytes]) -> bool:
    """Return whether the lengths in a message that looks like one scalar are those it has."""
    tag = len(usual[6])
    return usual[5][0] == tag and usual[4][0] == tag + 7 and usual[3][0] == tag + 9


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _read(message: bytes) -> Written:
    stamp, step, scalars = 0.0, 0, []
    for number, kind, value in _fields(memoryview(message)):
        if number == 1 and kind == _FIXED64 and isinstance(value, memoryview):
            stamp = float(_DOUBLE.unpack(value)[0])
        elif number == 2 and kind == _VARINT and isinstance(value, int):
            step = _signed(value)
        elif number == 5 and kind == _BYTES and isinstance(value, memoryview):
            scalars += list(_scalars(value))
    return Written(stamp, step, tuple(scalars))


def _scalars(summary: memoryview) -> Iterator[tuple[str, float]]:
    for number, kind, value in _fields(summary):
        if number == 1 and kind == _BYTES and isinstance(value, memoryview):
            tag, scalar = _value(value)
            if scalar is not None:
                yield tag, scalar


def _value(message: memoryview) -> tuple[str, float | None]:
    tag, scalar = "", None
    for number, kind, value in _fields(message):
        if number == 1 and isinstance(value, memoryview):
            tag = bytes(value).decode("utf-8", "replace")
        elif number == 2 and kind == _FIXED32 and isinstance(value, memoryview):
            scalar = float(_FLOAT.unpack(value)[0])
        elif number == 8 and kind == _BYTES and isinstance(value, memoryview):
            scalar = _of_tensor(value)
    return tag, scalar


def _of_tensor(message: memoryview) -> float | None:
    """Return the number of a tensor that holds one, `None` for any other."""
    letter, content = "", b""
    for number, _, value in _fields(message):
        if number == 1 and isinstance(value, int):
            letter = _CONTENT.get(value, "")
        elif number in (4, 5, 6) and isinstance(value, memoryview):
            content = bytes(value)
    form = Struct("<" + letter) if letter else None
    return float(form.unpack(content)[0]) if form and form.size == len(content) else None


def _fields(message: memoryview) -> Iterator[Field]:
    """Yield the fields of a protocol buffer: number, kind, whole number or bytes."""
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, kind, value
            continue
        size, at = _size(kind, message, at)
        if at + size > end:
            raise DamagedError("damaged")
        yield number, kind, message[at : at + size]
        at += size


def _size(kind: int, message: memoryview, at: int) -> tuple[int, int]:
    if kind == _BYTES:
        return _varint(message, at)
    if kind in (_FIXED64, _FIXED32):
        return (8 if kind == _FIXED64 else 4), at
    raise DamagedError("damaged")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte = message[at]
        value, at = value | (byte & 0x7F) << shift, at + 1
        if byte < 0x80:
            return value, at
    raise DamagedError("damaged")


@lru_cache(4096)
def _crc_of_length(length: bytes) -> int:
    return _masked_crc(length)


def _masked_crc(data: bytes) -> int:
    crc, table = 0xFFFFFFFF, _table()
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    """Return the table of CRC-32C (Castagnoli), the polynomial 0x1EDC6F41 from its low end."""
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return tuple(table)
