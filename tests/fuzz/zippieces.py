"""Zip archives in pieces: taken apart into their members, and put together again around what was changed on purpose."""

import struct
from dataclasses import dataclass, field

from tests.unpack.zips import FULL32, end_records64

LOCAL = struct.Struct("<4s5H3L2H")
CENTRAL = struct.Struct("<4s6H3L5H2L")
END = struct.Struct("<4s4H2LH")
LOCAL_FIELDS = ("magic", "needs", "flags", "method", "time", "date", "crc", "compressed", "size")
_CENTRAL_FIELDS = (
    *("magic", "made_by", "needs", "flags", "method", "time", "date", "crc", "compressed", "size"),
    *("disk", "internal", "external", "offset"),
)
END_FIELDS = ("magic", "disk", "first_disk", "here", "total", "size", "offset")
WIDTHS = {"crc": 32, "compressed": 32, "size": 32, "external": 32, "offset": 32}
Fields = dict[str, int | bytes]


@dataclass(slots=True)
class Member:
    """One member: its two headers, each with the bytes behind its fixed fields, and what is between them."""

    local: Fields
    central: Fields
    names: list[bytes]
    extras: list[bytes]
    comment: bytes = b""
    data: bytes = b""
    descriptor: bytes = b""


@dataclass(slots=True)
class Zip:
    """An archive in pieces. ``end`` holds only the fields that are not what they should be."""

    members: list[Member]
    comment: bytes = b""
    before: bytes = b""
    between: bytes = b""
    behind: bytes = b""
    end: Fields = field(default_factory=dict)
    wide_end: bool = False
    order: list[int] | None = None


def take_apart(data: bytes) -> Zip | None:
    """The pieces of a plain archive; None when it is not plain enough."""
    at = data.rfind(b"PK\5\6")
    if at < 0 or len(data) < at + END.size:
        return None
    _, _, _, _, total, _, offset, _ = END.unpack_from(data, at)
    members = []
    try:
        for _ in range(min(total, 200)):
            member, offset = _member(data, offset)
            members.append(member)
    except (struct.error, ValueError):
        return None
    return Zip(members=members, comment=data[at + END.size :]) if members else None


def _member(data: bytes, at: int) -> tuple[Member, int]:
    *head, name, extra, comment, disk, internal, external, offset = CENTRAL.unpack_from(data, at)
    central = dict(zip(_CENTRAL_FIELDS, (*head, disk, internal, external, offset), strict=True))
    text = data[at + CENTRAL.size :]
    *fields, local_name, local_extra = LOCAL.unpack_from(data, offset)
    if head[0] != b"PK\1\2" or fields[0] != b"PK\3\4":
        raise ValueError(at)
    start = offset + LOCAL.size + local_name
    body = start + local_extra
    # A member of 64-bit sizes ends where something begins: good enough for what is to be spoiled.
    end = body + int(central["compressed"]) if central["compressed"] != FULL32 else _next(data, body)
    follows = _next(data, end)
    member = Member(
        local=dict(zip(LOCAL_FIELDS, fields, strict=True)),
        central={key: value for key, value in central.items() if key != "offset"},
        names=[data[start - local_name : start], text[:name]],
        extras=[data[start:body], text[name : name + extra]],
        comment=text[name + extra : name + extra + comment],
        data=data[body:end],
        descriptor=data[end:follows] if int(central["flags"]) & 8 else b"",
    )
    return member, at + CENTRAL.size + name + extra + comment


def _next(data: bytes, at: int) -> int:
    return min([place for place in (data.find(b"PK\3\4", at), data.find(b"PK\1\2", at)) if place >= 0])


def put_together(archive: Zip) -> bytes:
    """The archive's bytes."""
    body, directory = archive.before, b""
    entries = []
    for member in archive.members:
        entries.append(_central(member, len(body)))
        body += _local(member) + member.data + member.descriptor
    order = range(len(entries)) if archive.order is None else archive.order
    directory = b"".join(entries[place % len(entries)] for place in order) if entries else b""
    body += archive.between
    total = len(order)
    values: Fields = dict(zip(END_FIELDS, (b"PK\5\6", 0, 0, total, total, len(directory), len(body)), strict=True))
    values |= archive.end
    record = END.pack(*(_fit(values[key], 32 if key in {"size", "offset"} else 16) for key in END_FIELDS), 0)[:-2]
    wide = end_records64(total, len(directory), len(body), len(body) + len(directory)) if archive.wide_end else b""
    comment = struct.pack("<H", len(archive.comment)) + archive.comment
    return body + directory + wide + record + comment + archive.behind


def _fit(value: int | bytes, width: int) -> int | bytes:
    return value if isinstance(value, bytes) else value & ((1 << width) - 1)


def _local(member: Member) -> bytes:
    values = (_fit(member.local[key], WIDTHS.get(key, 16)) for key in LOCAL_FIELDS)
    return LOCAL.pack(*values, len(member.names[0]), len(member.extras[0])) + member.names[0] + member.extras[0]


def _central(member: Member, offset: int) -> bytes:
    fields = {"offset": offset} | member.central
    values = [_fit(fields[key], WIDTHS.get(key, 16)) for key in _CENTRAL_FIELDS]
    lengths = (len(member.names[1]), len(member.extras[1]), len(member.comment))
    return CENTRAL.pack(*values[:10], *lengths, *values[10:]) + member.names[1] + member.extras[1] + member.comment
