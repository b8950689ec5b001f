#!/usr/bin/env python3
"""``name_server.py API ADDRESS``: answers DNS on UDP port 53 of an address with what Route 53 keeps.

The stand-in for AWS keeps record sets and answers no DNS. They are read over its API for every question, so that what
was changed is true at once. Addresses (A) and texts (TXT), in an order by chance; nothing else.
"""

from __future__ import annotations

import random
import re
import socketserver
import struct
import sys
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from urllib.request import Request, urlopen
from xml.etree import ElementTree

A, TXT, INTERNET = 1, 16, 1
TYPES = {"A": A, "TXT": TXT}
NO_SUCH_NAME = 3
# An answer, with authority.
FLAGS = 0x8400
SPACE = {"": "https://route53.amazonaws.com/doc/2013-04-01/"}
# The service is known by what signed the request; the signature itself nobody looks at.
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=lab/20260101/us-east-1/route53/aws4_request"}

# Name and type → values, as Route 53 writes them.
Records = Mapping[tuple[str, int], Sequence[str]]


def get(url: str) -> ElementTree.Element:
    with urlopen(Request(url, headers=SIGNED), timeout=5) as answer:
        return ElementTree.fromstring(answer.read())


def read(api: str) -> Records:
    """All records of all zones."""
    records: dict[tuple[str, int], list[str]] = {}
    for zone in get(f"{api}/2013-04-01/hostedzone").iterfind("HostedZones/HostedZone/Id", SPACE):
        sets = get(f"{api}/2013-04-01{zone.text}/rrset").iterfind("ResourceRecordSets/ResourceRecordSet", SPACE)
        for entry in sets:
            name, type_ = entry.findtext("Name", "", SPACE), entry.findtext("Type", "", SPACE)
            if type_ in TYPES:
                values = [value.text or "" for value in entry.iterfind("ResourceRecords/ResourceRecord/Value", SPACE)]
                records[unescaped(name), TYPES[type_]] = values
    return records


def unescaped(name: str) -> str:
    """Route 53 writes octal numbers for what is no letter, digit, hyphen or dot, such as the asterisk."""
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), name).rstrip(".").lower()


def answer(question: bytes, records: Records) -> bytes:
    """The answer to one question, both as they go over the wire (RFC 1035, 4.1)."""
    (number,) = struct.unpack_from(">H", question)
    labels, at = [], 12
    while length := question[at]:
        labels.append(question[at + 1 : at + 1 + length].decode())
        at += 1 + length
    (type_,) = struct.unpack_from(">H", question, at + 1)
    name = ".".join(labels).lower()
    values = list(records.get((name, type_), ()))
    random.shuffle(values)
    known = any(name == other for other, _ in records)
    head = struct.pack(">6H", number, FLAGS | (0 if known else NO_SUCH_NAME), 1, len(values), 0, 0)
    return head + question[12 : at + 5] + b"".join(resource(type_, value) for value in values)


def resource(type_: int, value: str) -> bytes:
    """A record of the name that was asked for, which nobody keeps."""
    data = IPv4Address(value).packed if type_ == A else text(value.strip('"').encode())
    return struct.pack(">3HIH", 0xC00C, type_, INTERNET, 0, len(data)) + data


def text(value: bytes) -> bytes:
    return bytes([len(value)]) + value


def main() -> None:
    api, address = sys.argv[1:]

    class Question(socketserver.DatagramRequestHandler):
        def handle(self) -> None:
            self.wfile.write(answer(self.rfile.read(), read(api)))

    with socketserver.ThreadingUDPServer((address, 53), Question) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
