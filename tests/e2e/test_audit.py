"""The audit trail as an administrator meets it: every request once, whatever happens, and for nobody else.

Most questions are answered by one export: that of a busy period, in which ten users ask for thousands of things, a
proxy's host is killed, a log is rotated, and people send what nobody should send.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import random
import secrets
import socket
import ssl
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import httpx
import pytest
from lab_load import FAULTS, Load, tries, under_load
from proof import size
from running_lab import (
    AWS,
    CA,
    CLOUD,
    DOMAIN,
    FRONT,
    OLD_DOMAIN,
    PROXIES,
    PROXY_NAMES,
    container,
    podman,
    wait_until,
    wait_until_up,
)
from screened import client, wait_until_all_are_delivered
from test_log_shipping import GROUP, eventually, on

ADMIN, NURSE = ("admin", "admin"), ("nurse", "nurse")
EXPORTS = "/audit/exports"
USERS = [f"user{number}" for number in range(1, 11)]
REQUESTS = size(test=2000, prove=20_000)
OUTCOMES = {2: "success", 3: "success", 4: "refused", 5: "failed"}

# Users may be called so: as names they find their own rows, as SQL they would find others', or none.
SQL = [
    "' OR 1=1 --",
    "' OR 'a'='a",
    "'') OR (1=1",
    "x' UNION ALL SELECT message FROM line --",
    "'; DROP TABLE entry; --",
    "\\' OR 1=1 #",
]
# What spreadsheets run, what readers of lines and of CSV take for an end, and no UTF-8.
ODD = [
    *(b"=1+1", b"@SUM(A1)", b" -1", b"\t=1", b"\r=1", b"a;=1+1", b"'quoted", b"'%41", b'a","b', b'\n,"end",,,"rows=0"'),
    *("\x85\u2028\u2029".encode(), "\uff1d1".encode(), b"\0nul", b"\xff\xfe", b"\xed\xa0\x80", b"\xc3"),
    *(name.encode() for name in SQL),
]
ODD_PATHS = [b"/patients/%37", b"/=1+1", b"/patients/1;=cmd", b"/%ff%fe", b"/%22%2C%22", b"/a'--", b"/x%0A%2C%22end%22"]


def escaped(error: UnicodeError) -> tuple[str, int]:
    """As the proxies show bytes that belong to no character."""
    assert isinstance(error, UnicodeDecodeError)
    return "".join(f"\\x{byte:02X}" for byte in error.object[error.start : error.end]), error.end


codecs.register_error("escaped", escaped)


def plain(cell: str) -> str:
    """What a guarded cell says."""
    return unquote_plus(cell[2:]) if cell.startswith("'%") else cell.removeprefix("'")


def outcome(status: int) -> str:
    return OUTCOMES.get(status // 100, "unknown")


def now_ms() -> int:
    return int(time.time() * 1000)


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- how the trail is asked for


def front(method: str, path: str, auth: Any, headers: Mapping[str, str], **given: Any) -> httpx.Response:
    """As a user, whom a DNS would lead there."""
    named = {"headers": {"Host": DOMAIN, **headers}, "extensions": {"sni_hostname": DOMAIN}}
    with httpx.Client(verify=ssl.create_default_context(cafile=CA), timeout=90) as user:
        return user.request(method, FRONT + path, auth=auth, **named, **given)


def ask(path: str, auth: Any = ADMIN, accept: str = "*/*", **asked: Any) -> httpx.Response:
    return front("GET", path, auth, {"Accept": accept}, params=asked)


def start(**filters: Any) -> str:
    """Where the export is going to be."""
    started = ask(EXPORTS, **filters)
    assert started.status_code == 202, started.text
    return started.headers["location"]


def ready(place: str, seconds: float = 300) -> dict[str, Any]:
    """What is said of an export that is ready."""
    end = time.monotonic() + seconds
    while (answer := ask(place)).status_code == 202:
        assert time.monotonic() < end, f"no export after {seconds} s"
        time.sleep(0.5)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def rows(url: str) -> list[dict[str, str]]:
    """The rows behind a link, without the last, which says how many there are."""
    answer = httpx.get(url, timeout=60)
    assert answer.status_code == 200, answer.text
    *found, end = csv.DictReader(io.StringIO(answer.content.decode(), newline=""))
    assert end["kind"] == "end"
    assert end["details"].startswith(f"rows={len(found)} ")
    return found


# --- a busy period


@dataclass(frozen=True)
class Sent:
    """A request by hand, and the status that it was answered with."""

    id: str
    user: bytes
    path: bytes
    status: int


@dataclass
class Period:
    """Times are in ms. `named` is when people sent odd names; `lines` are what the proxies wrote in the period, `rows`
    what the trail has of it, at `place`, and `about` what the function says of these."""

    run: str
    begin: int
    end: int = 0
    load: Load = field(default_factory=Load)
    odd: list[Sent] = field(default_factory=list)
    named: tuple[int, int] = (0, 0)
    screened: httpx.Response | None = None
    lines: list[dict[str, Any]] = field(default_factory=list)
    place: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, str]] = field(default_factory=list)

    @property
    def filters(self) -> dict[str, str]:
        return {"from": iso(self.begin), "to": iso(self.end)}

    @property
    def of_the_users(self) -> list[dict[str, str]]:
        return [row for row in self.rows if row["client_request_id"].startswith(f"{self.run}-user")]

    def by_client(self, id: str) -> list[dict[str, str]]:
        return [row for row in self.rows if row["client_request_id"] == id]


def send(address: str, id: str, user: bytes = b"nurse:nurse", path: bytes = b"/staff/1", agent: bytes = b"x") -> Sent:
    """Any bytes where a client may put some; only NUL, CR and LF would end a header."""
    with socket.create_connection((address, 80), timeout=90) as connection:
        connection.sendall(
            b"GET %b HTTP/1.1\r\nHost: %b\r\nX-Request-Id: %b\r\nUser-Agent: %b\r\nAuthorization: Basic %b\r\n"
            b"Connection: close\r\n\r\n" % (path, OLD_DOMAIN.encode(), id.encode(), agent, b64encode(user))
        )
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return Sent(id, user.partition(b":")[0], path, int(answer.split(b" ", 2)[1]))


def random_bytes(chance: random.Random, without: bytes) -> bytes:
    return bytes(byte for byte in chance.randbytes(20) if byte not in without)


def odd_at_the_proxies(run: str) -> Iterator[dict[str, Any]]:
    """With any byte that NGINX takes in a path. They refuse what does not come by the front, and log it."""
    chance = random.Random(1)
    for number in range(200):
        path = b"/" + random_bytes(chance, bytes(range(0x21)) + b"\x7f%?.")
        user, agent = random_bytes(chance, b":") + b":x", random_bytes(chance, b"\r\n\0")
        id = f"{run}-straight-{number}"
        yield {"address": PROXIES[number % 2], "id": id, "user": user, "path": path, "agent": agent}


def odd_at_the_front(run: str) -> Iterator[dict[str, Any]]:
    chance = random.Random(2)
    users = [*ODD, *(random_bytes(chance, b":") for _ in range(60))]
    for number, user in enumerate(users):
        agent = random_bytes(chance, b"\r\n\0")
        yield {"address": CLOUD, "id": f"{run}-odd-{number}", "user": user + b":x", "agent": agent}
    for number, path in enumerate(ODD_PATHS):
        yield {"address": CLOUD, "id": f"{run}-path-{number}", "path": path}


def repeated_and_forged(run: str) -> Iterator[dict[str, Any]]:
    for _ in range(20):
        yield {"address": CLOUD, "id": f"{run}-same"}
    for number, id in enumerate(["", "a b", "a" * 129, '"}', "\u00e4"]):
        yield {"address": CLOUD, "id": id, "path": f"/{run}/{number}".encode()}


def send_all(asked: Iterator[dict[str, Any]]) -> list[Sent]:
    with ThreadPoolExecutor(5) as people:
        return list(people.map(lambda each: send(**each), asked))


def kill_and_rotate(load: Load) -> None:
    """One proxy's host dies, and the log of the other, which has all the load then, is rotated."""
    load.wait_for(load.enough(REQUESTS) // 10)
    with load.breaking("proxy1"):
        podman("kill", container("proxy1"))
        podman("wait", container("proxy1"))
    try:
        wait_until("proxy1", "DOWN")
        on("proxy2", "logrotate", "--force", "/etc/logrotate.d/nginx")
        time.sleep(1)
    finally:
        podman("start", container("proxy1"))
    wait_until_up("proxy1")


def written(proxy: str, begin: int, end: int) -> list[dict[str, Any]]:
    """What a proxy wrote in the time, in whichever file it is."""
    text = on(proxy, "sh", "-c", "zcat -f /var/log/nginx/access.log*")
    # NGINX's lines end by a line feed; Python's also by what may be in a name.
    lines = [json.loads(line) for line in text.split("\n") if line.startswith("{")]
    return [line for line in lines if begin <= round(line["epoch"] * 1000) < end]


def shipped(logs: Any, proxy: str, begin: int) -> set[str]:
    """The proxy's ids of what has arrived since; page by page, for MiniStack's FilterLogEvents ends after 10 000."""
    found: set[str] = set()
    here: dict[str, str] = {}
    # The agent reads whole seconds.
    since = begin // 1000 * 1000
    while True:
        page = logs.get_log_events(logGroupName=GROUP, logStreamName=proxy, startTime=since, startFromHead=True, **here)
        if not page["events"]:
            return found
        found |= {json.loads(event["message"])["request_id"] for event in page["events"]}
        here = {"nextToken": page["nextForwardToken"]}


def deliver_again(logs: Any, end: int) -> None:
    """One line comes twice, as any may: the log is shipped at least once."""
    stream = {"logGroupName": GROUP, "logStreamName": "proxy1"}
    [event] = logs.get_log_events(**stream, endTime=end // 1000 * 1000, limit=1)["events"]
    logs.put_log_events(**stream, logEvents=[{name: event[name] for name in ("timestamp", "message")}])


@pytest.fixture(scope="module")
def period() -> Period:
    for proxy in PROXY_NAMES:
        wait_until_up(proxy)
    period = Period(f"audit-{secrets.token_hex(4)}", begin=now_ms())
    with under_load(users=USERS, faults=FAULTS, name=period.run) as period.load:
        kill_and_rotate(period.load)
        period.odd += send_all(odd_at_the_proxies(period.run))
        begin = now_ms()
        period.odd += send_all(odd_at_the_front(period.run))
        period.named = (begin, now_ms())
        send_all(repeated_and_forged(period.run))
        named = {"X-Request-Id": f"{period.run}-screening"}
        period.screened = front("POST", "/patients/7/screen", NURSE, named, json={"images": ["left"]})
        ready(start(**{"from": iso(period.begin), "to": iso(now_ms()), "user": f"nobody-{period.run}"}))
        period.load.wait_for(period.load.enough(REQUESTS))
    period.end = now_ms()
    logs = client("logs")
    for proxy in PROXY_NAMES:
        lines = written(proxy, period.begin, period.end)
        ids = {line["request_id"] for line in lines}
        eventually(lambda proxy=proxy, ids=ids: shipped(logs, proxy, period.begin) >= ids)
        period.lines += lines
    deliver_again(logs, period.end)
    period.place = start(**period.filters)
    period.about = ready(period.place)
    period.rows = rows(period.about["url"])
    return period


# --- whole


def test_every_request_of_ten_users_is_in_it_once_through_a_kill_and_a_rotation(period, record_property):
    load, found = period.load, period.of_the_users
    by_id = {row["client_request_id"]: row for row in found}
    missing = [record for record in load.records if record.id not in by_id]
    [broken] = load.breaks
    record_property(
        "measured",
        f"{len(load.records)} requests at {load.rate:.0f} a second, {len(missing)} lost with a host of at most "
        f"{load.most_in_hand(broken)} in hand; {len(period.lines)} lines, {len(period.rows)} rows, "
        f"{period.about['copies_left_out']} copies left out",
    )
    assert len(load.records) >= load.enough(REQUESTS)
    # What a killed proxy had in hand, it could not write down, not even what it had answered that very moment.
    assert [record for record in missing if not load.in_flight(record)] == []
    assert len(missing) <= load.most_in_hand(broken)
    assert len(found) == len(by_id)
    # The user of one that is in it all the same may have got the balancer's answer: of a write that the killed proxy
    # had handed to the other, for one.
    lost = {record.id for record in load.records if record.failed and load.in_flight(record)}
    wrong = []
    for record in load.records:
        if record.id in by_id and record.id not in lost:
            row, user = by_id[record.id], record.id.split("-")[-2]
            said = (row["user"], row["method"], row["status"], row["outcome"])
            if said != (user, record.method, str(record.status), outcome(record.status)):
                wrong.append((record, row))
    assert wrong == []


def test_it_is_what_the_proxies_wrote_and_nothing_else(period):
    ids = Counter(row["request_id"] for row in period.rows if row["kind"] == "request")
    assert ids == Counter(line["request_id"] for line in period.lines)
    assert max(ids.values()) == 1
    assert period.about["unreadable"] == 0
    assert period.about["copies_left_out"] >= 1


def test_it_says_what_hosp_says(period):
    load = period.load
    # What a killed proxy had sent, it could not write down. A try that a stalled machine timed out may be one that HOSP
    # was never asked for.
    timed_out = {line["client_request_id"] for line in period.lines if "504" in tries(line)}
    sure = {record.id for record in load.records if not load.in_flight(record)} - timed_out
    rows = {row["client_request_id"]: row for row in period.of_the_users if row["client_request_id"] in sure}
    # The ledger also has the proxies' own looks for writes that failed.
    ledger = {id: entry for id, entry in load.ledger.items() if id in sure}
    print(
        f"{sum(entry['attempts'] for entry in ledger.values())} attempts of {len(ledger)} requests, "
        f"{len(timed_out)} others had a try that was timed out"
    )
    assert rows.keys() == ledger.keys()
    wrong = []
    for id, entry in ledger.items():
        # Only a good answer says that the name is right; that of a look for a write that failed is in no line.
        good = entry["statuses"][-1] < 400 or rows[id]["outcome"] == "success"
        verified = "true" if good else "false"
        if (rows[id]["attempts"], rows[id]["user_verified"]) != (str(entry["attempts"]), verified):
            wrong.append((entry, rows[id]))
    assert wrong == []


def test_odd_bytes_hide_nothing_and_break_nothing(period):
    by_id = Counter(row["client_request_id"] for row in period.rows)
    assert {sent.id: by_id[sent.id] for sent in period.odd if by_id[sent.id] != 1} == {}
    found = {row["client_request_id"]: row for row in period.rows}
    for sent in period.odd:
        row = found[sent.id]
        said = (plain(row["user"]), plain(row["path"]), int(row["status"]), row["outcome"])
        user, path = (text.decode(errors="escaped") for text in (sent.user, sent.path))
        assert said == (user, path, sent.status, outcome(sent.status))
        assert row["user_verified"] == ("" if not sent.user else "true" if "-path-" in sent.id else "false")
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\0"))
    assert {row["patient_id"] for row in period.by_client(f"{period.run}-path-0")} == {"7"}


def test_who_repeats_or_forges_an_id_hides_nothing(period):
    assert len({row["request_id"] for row in period.by_client(f"{period.run}-same")}) == 20
    forged = [row for row in period.rows if row["path"].startswith(f"/{period.run}/")]
    assert sorted(row["path"][-1] for row in forged) == ["0", "1", "2", "3", "4"]
    assert {row["client_request_id"] for row in forged} == {""}


def test_filters_find_what_the_whole_trail_has_of_it(period):
    wanted = {"user": "user1", "method": ["GET", "PUT"], "outcome": "success"}
    expected = [
        row
        for row in period.rows
        if (row["user"], row["outcome"]) == ("user1", "success") and row["method"] in wanted["method"]
    ]
    assert len(expected) > period.load.enough(REQUESTS) / 25
    assert rows(ready(start(**period.filters, **wanted))["url"]) == expected


def test_every_export_is_itself_in_it(period):
    who = f"user=nobody-{period.run}"
    asked, got = [row for row in period.rows if row["kind"] == "export" and who in row["details"]]
    for row in (asked, got):
        assert (row["user"], row["user_verified"], row["method"], row["proxy"]) == (
            "admin",
            "true",
            "GET",
            "audit_trail",
        )
        assert row["request_id"]
        assert set(parse_qs(row["details"])) - {"rows"} == {"from", "to", "user"}
    assert (asked["path"], asked["status"]) == (EXPORTS, "202")
    assert (got["path"].rpartition("/")[0], got["status"]) == (EXPORTS, "200")
    # Of a user who does not exist there is nothing.
    assert got["details"].endswith("&rows=0")


def test_a_screening_can_be_followed_from_the_user_to_the_function_and_the_proxies(period):
    id = f"{period.run}-screening"
    assert period.screened.status_code == 200
    [row] = period.by_client(id)
    assert (row["kind"], row["method"], row["path"]) == ("request", "POST", "/patients/7/screen")
    assert (row["user"], row["user_verified"], row["patient_id"], row["outcome"]) == ("nurse", "true", "7", "success")
    pages = client("logs").get_paginator("filter_log_events")
    found = pages.paginate(logGroupName="/aws/lambda/screening", startTime=period.begin)
    [said] = [json.loads(event["message"]) for page in found for event in page["events"] if id in event["message"]]
    assert (said["message"], said["client_request_id"]) == ("result kept", id)
    assert said["edge_request_id"] == period.screened.headers["x-amz-cf-id"]
    assert said["request_id"]
    wait_until_all_are_delivered(60)


# --- the link


def test_the_link_is_for_the_file_alone_and_short_lived(period):
    link = period.about["url"]
    url = urlsplit(link)
    signed = {name: value for name, [value] in parse_qs(url.query).items()}
    assert signed["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert "/eu-central-1/s3/" in signed["X-Amz-Credential"]
    assert int(signed["X-Amz-Expires"]) == period.about["url_seconds"] <= 900
    for changed in (link.replace("X-Amz-Expires=", "X-Amz-Expires=1"), link.replace(".csv?", ".csv.metadata?")):
        assert changed != link
        assert httpx.get(changed).status_code == 403
    # One like it, of which the time is up.
    bucket, _, key = url.path.removeprefix("/").partition("/")
    brief = client("s3").generate_presigned_url("get_object", {"Bucket": bucket, "Key": key}, ExpiresIn=1)
    time.sleep(2)
    refused = httpx.get(brief)
    assert (refused.status_code, "expired" in refused.text) == (403, True)


def test_for_csv_the_answer_leads_to_the_file(period):
    answer = ask(period.place, accept="text/csv")
    assert answer.status_code == 303
    assert rows(answer.headers["location"]) == period.rows


# --- who may


def test_an_administrator_gets_a_page_and_a_program_json():
    page = ask("/audit", accept="text/html")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f'<form action="{EXPORTS}"' in page.text
    offered = ask("/audit", accept="application/json")
    assert (offered.status_code, offered.headers["content-type"]) == (200, "application/json")
    assert offered.json()["exports"] == EXPORTS


def test_without_credentials_they_are_asked_for():
    answer = ask("/audit", auth=None)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic realm=")


def test_wrong_credentials_are_refused_and_after_some_the_next_have_to_wait():
    assert ask("/audit", auth=("user1", "wrong")).status_code == 401
    # Nobody else waits for it, and nobody had to before.
    wrong = (f"nobody-{secrets.token_hex(4)}", "wrong")
    answers = [ask("/audit", auth=wrong) for _ in range(3)]
    while answers[-1].status_code == 401:
        assert len(answers) < 10
        answers.append(ask("/audit", auth=wrong))
    *refused, slowed = answers
    assert len(refused) >= 3
    assert all("www-authenticate" in answer.headers for answer in refused)
    assert (slowed.status_code, slowed.headers["content-type"]) == (429, "application/problem+json")
    assert int(slowed.headers["retry-after"]) >= 1


def test_a_nurse_gets_nothing_not_even_what_an_administrator_asked_for(period):
    for path in ("/audit", EXPORTS, period.place):
        answer = ask(path, auth=NURSE)
        assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")


def test_nobody_gets_round_the_front():
    url = client("lambda").get_function_url_config(FunctionName="audit_trail", Qualifier="live")["FunctionUrl"]
    for secret in ({}, {"X-Origin-Secret": "x" * 43}):
        answer = httpx.get(f"{AWS}/audit", auth=ADMIN, headers={"Host": httpx.URL(url).host, **secret}, timeout=30)
        assert (answer.status_code, answer.text) == (403, "Forbidden\n")


@pytest.mark.parametrize("domain", [DOMAIN, OLD_DOMAIN])
@pytest.mark.parametrize("path", ["/audit", EXPORTS])
def test_nobody_is_asked_for_a_password_by_plain_http(domain, path):
    answer = httpx.get(f"http://{CLOUD}{path}", headers={"Host": domain})
    assert (answer.status_code, answer.headers["x-cache"]) == (403, "Error from cloudfront")


def test_a_token_that_was_made_up_leads_nowhere(period):
    content, _, signature = period.place.removeprefix(f"{EXPORTS}/").partition(".")
    other = content[:-1] + ("A" if content[-1] != "A" else "B")
    for token in (
        "x",
        content,
        f"{content}.",
        f"{other}.{signature}",
        f"{content}.{signature[::-1]}",
        "'%20OR%201=1--",
    ):
        assert ask(f"{EXPORTS}/{token}").status_code == 404


# --- what is asked for

DAY = {"from": "2026-11-25", "to": "2026-11-26"}


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ({}, {"from": "must be a time", "to": "must be a time"}),
        ({"from": "2026-11-26", "to": "2026-11-25"}, {"to": "must be later than `from`"}),
        ({"from": "2000-01-01", "to": "2026-11-25"}, {"to": "days"}),
        ({**DAY, "from": "2026-11-25' --"}, {"from": "must be a time"}),
        ({**DAY, "patient": "7 OR 1=1"}, {"patient": "must be a number"}),
        ({**DAY, "method": "GET') --"}, {"method": "must be an HTTP method"}),
        ({**DAY, "outcome": "failed' OR 'a'='a"}, {"outcome": "must be one of success, refused"}),
        ({**DAY, "user": "a\nb"}, {"user": "none of them control"}),
        ({**DAY, "1=1; DROP TABLE entry": "1"}, {"query": "allowed are from, to, user, patient, method, outcome"}),
    ],
)
def test_what_cannot_be_asked_is_refused_and_what_can_is_named(asked, wrong):
    answer = ask(EXPORTS, **asked)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    errors = answer.json()["errors"]
    assert errors.keys() == wrong.keys()
    assert all(words in errors[name] for name, words in wrong.items())


def test_a_name_that_is_sql_finds_who_is_called_so(period):
    begin, end = period.named
    assert sum(iso(begin) <= row["time"] < iso(end) for row in period.rows) > 100
    places = {name: start(**{"from": iso(begin), "to": iso(end), "user": name}) for name in SQL}
    for name, place in places.items():
        [row] = rows(ready(place)["url"])
        assert plain(row["user"]) == name
