"""Questions and answers as they go over the wire, and record sets as Route 53 writes them."""

from xml.etree import ElementTree

import name_server
import pytest
from name_server import TXT, A, answer, read, unescaped

RECORDS = {("api.example.test", A): ["198.18.5.11", "198.18.5.12"], ("_acme.example.test", TXT): ['"a word"']}
HEAD = b"\x12\x34" + b"\x84\x00" + b"\x00\x01"


def question(name: bytes, type_: int) -> bytes:
    labels = b"".join(bytes([len(label)]) + label for label in name.split(b".")) + b"\0"
    return b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01" + labels + bytes([0, type_, 0, 1]) + b"edns"


def test_every_address_is_answered_in_any_order():
    asked = question(b"API.example.test", A)
    start = HEAD + b"\x00\x02\x00\x00\x00\x00" + asked[12:-4]
    record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\xc6\x12\x05"
    first, second = record + b"\x0b", record + b"\x0c"
    assert {answer(asked, RECORDS) for _ in range(50)} == {start + first + second, start + second + first}


def test_a_text_is_answered_without_its_quotes():
    answered = answer(question(b"_acme.example.test", TXT), RECORDS)
    assert answered.endswith(b"\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x00\x00\x07\x06a word")


@pytest.mark.parametrize(("name", "code"), [(b"api.example.test", 0), (b"nowhere.example.test", 3)])
def test_a_name_without_such_records_is_told_from_one_that_is_not_there(name, code):
    answered = answer(question(name, 28), RECORDS)
    assert answered[3] == code
    assert answered[6:8] == b"\x00\x00"


def test_record_sets_are_read_from_every_zone(monkeypatch):
    answers = {
        "http://aws/2013-04-01/hostedzone": """<HostedZones>
            <HostedZone><Id>/hostedzone/Z1</Id></HostedZone>
        </HostedZones>""",
        "http://aws/2013-04-01/hostedzone/Z1/rrset": """<ResourceRecordSets>
            <ResourceRecordSet><Name>api.example.test.</Name><Type>A</Type><ResourceRecords>
                <ResourceRecord><Value>198.18.5.11</Value></ResourceRecord>
                <ResourceRecord><Value>198.18.5.12</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>
            <ResourceRecordSet><Name>example.test.</Name><Type>SOA</Type></ResourceRecordSet>
        </ResourceRecordSets>""",
    }
    space = "https://route53.amazonaws.com/doc/2013-04-01/"
    document = '<Answer xmlns="{}">{}</Answer>'
    monkeypatch.setattr(name_server, "get", lambda url: ElementTree.fromstring(document.format(space, answers[url])))
    assert read("http://aws") == {("api.example.test", A): ["198.18.5.11", "198.18.5.12"]}


def test_names_are_read_as_they_are_asked_for():
    assert unescaped("\\052.Example.test.") == "*.example.test"
