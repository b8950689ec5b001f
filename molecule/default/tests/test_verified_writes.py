"""Writes that failed: looked for, answered with what is found, and sent again only when they are absent."""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from scenario import CONTROLLER, NOTE, PROXIES, WITH_LUA, Hosp, Proxy, eventually, host_of

pytestmark = [pytest.mark.parametrize("proxy", WITH_LUA, indirect=True), pytest.mark.usefixtures("proxies_know_writes")]
POST_ONLY = {"only": "/*.json"}


@pytest.fixture(scope="module")
def proxies_know_writes() -> None:
    """Earlier tests restarted them; what they find in the first seconds they do not take for theirs."""
    for name in WITH_LUA:
        host = host_of(name)
        eventually(lambda host=host: metric(host, "nginx_proxy_knows_writes") == 1)


def metric(host: Any, name: str) -> float:
    lines = host.check_output("curl -s http://127.0.0.1:9145/metrics").splitlines()
    return next(float(line.rpartition(" ")[2]) for line in lines if line.rpartition(" ")[0] == name)


def write(proxy: Proxy, path: str = "/notes.json", **fields: Any) -> tuple[httpx.Response, str, dict[str, Any]]:
    """A write that no other is like: its answer, its X-Request-Id, what it carries."""
    document = {**NOTE, "body": uuid.uuid4().hex, **fields}
    answer, request_id = proxy.send("POST", path, json=document)
    return answer, request_id, document


def logged(request_id: str) -> dict[str, Any]:
    """A write's line, on whichever proxy it was carried out; there is one alone."""
    return all_logged([request_id])[0]


def all_logged(request_ids: list[str]) -> list[dict[str, Any]]:
    """The lines of so many writes, in their order."""

    def lines() -> dict[str, dict[str, Any]] | None:
        texts = [host_of(name).run("tail -n 200 /var/log/nginx/access.log").stdout_bytes for name in WITH_LUA]
        # Above them may be what NGINX logged before it was configured.
        rows = [row for text in texts for row in text.splitlines() if any(one.encode() in row for one in request_ids)]
        found = [json.loads(row.decode("utf-8", "strict")) for row in rows]
        assert len(found) <= len(request_ids)
        return {line["client_request_id"]: line for line in found} if len(found) == len(request_ids) else None

    by_id = eventually(lines)
    return [by_id[request_id] for request_id in request_ids]


@pytest.fixture
def known(proxy: Proxy) -> None:
    """The proxies know HOSP's clock, an id, and that the user sees notes."""
    assert write(proxy)[0].status_code == 201


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("kind", ["500", "502", "reset", "stall"])
def test_a_write_that_took_effect_is_found(proxy: Proxy, hosp: Hosp, kind: str):
    hosp.set(rate=1, mix={kind: 1}, applied=1, **POST_ONLY)
    answer, request_id, document = write(proxy)
    assert answer.status_code == 201, logged(request_id)
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert {name: answer.json()[name] for name in document} == document
    assert hosp.saw(request_id)["applied"] == 1
    line = logged(request_id)
    assert (line["status"], line["class"], line["verdicts"]) == (201, "verified", "found")
    assert (line["upstream_statuses"], line["looks"] >= 1) == ({"500": "500", "stall": "504"}.get(kind, "502"), True)


@pytest.mark.usefixtures("known")
def test_a_write_that_lands_late_is_found(proxy: Proxy, hosp: Hosp):
    hosp.set(rate=1, mix={"500": 1}, applied=0, late=1, late_seconds=[0.5, 0.7], **POST_ONLY)
    answer, request_id, document = write(proxy)
    assert (answer.status_code, answer.json()["body"]) == (201, document["body"])
    assert (hosp.saw(request_id)["attempts"], logged(request_id)["verdicts"]) == (1, "found")


@pytest.mark.usefixtures("known")
def test_without_a_bound_the_user_gets_the_apis_own_error(proxy: Proxy, hosp: Hosp):
    hosp.set(rate=1, mix={"500": 1}, applied=0, **POST_ONLY)
    answer, request_id, _ = write(proxy)
    assert (answer.status_code, answer.json()) == (500, {"status": 500, "error": "Internal Server Error"})
    assert hosp.saw(request_id)["attempts"] == 1
    line = logged(request_id)
    assert (line["verdicts"], line["retry_note"]) == ("doubt", "may still be written")


def test_with_a_bound_what_is_absent_is_sent_again(proxy: Proxy, hosp: Hosp):
    staff = {"name": uuid.uuid4().hex, "role": "nurse", "hospital_id": 1}
    assert proxy.send("POST", "/staff.json", json={**staff, "name": uuid.uuid4().hex})[0].status_code == 201
    hosp.set(rate=1, mix={"500": 1}, applied=0, **POST_ONLY)
    request_id = str(uuid.uuid4())
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(proxy.send, "POST", "/staff.json", json=staff, headers={"X-Request-Id": request_id})
        eventually(lambda: hosp.saw(request_id)["statuses"] == [500])
        hosp.set()
        answer, _ = sent.result()
    assert (answer.status_code, answer.json()["name"]) == (201, staff["name"])
    seen, line = hosp.saw(request_id), logged(request_id)
    assert (seen["attempts"], seen["applied"], seen["statuses"]) == (2, 1, [500, 201])
    assert (line["upstream_statuses"], line["verdicts"]) == ("500 : 201", "absent")
    assert line["seconds"] >= 1


def test_an_answer_is_as_without_it(proxy: Proxy):
    straight = proxy.http.post("/notes", json=NOTE)
    answer, _, _ = write(proxy, body=NOTE["body"])
    variable = {"date": None, "etag": None}
    assert answer.status_code == straight.status_code
    assert {**answer.headers, **variable} == {**straight.headers, **variable}
    assert re.sub(rb'"(id|created_at|updated_at|url)":[^,}]+', b"", answer.content) == re.sub(
        rb'"(id|created_at|updated_at|url)":[^,}]+', b"", straight.content
    )
    refused = proxy.http.post("/notes.json", json={**NOTE, "patient_id": 0})
    assert (refused.status_code, refused.json()) == (422, {"errors": {"patient_id": ["must exist"]}})


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"json": {"title": "x"}}, "field missing"),
        ({"json": {**NOTE, "title": None}}, "field missing"),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, "body not JSON"),
        ({"content": b"title=x"}, "body not JSON"),
        ({"json": NOTE, "params": {"a": "b"}}, "write with a query"),
        ({"json": {**NOTE, "body": "x" * 70000}}, "body too large"),
        ({"json": NOTE, "headers": {"Content-Encoding": "gzip"}}, "body encoded"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_looked_for_is_sent_once(proxy: Proxy, hosp: Hosp, options: dict[str, Any], reason: str):
    hosp.fails(**{"502": 1})
    answer, request_id = proxy.send("POST", "/notes.json", **options)
    assert answer.status_code == 502
    assert hosp.saw(request_id)["attempts"] == 1
    line = logged(request_id)
    assert (line["retry_note"], line["upstream_statuses"]) == (reason, "502")


def test_what_comes_by_http_2_is_sent_once(proxy: Proxy, hosp: Hosp):
    hosp.set(rate=1, mix={"500": 1}, applied=1, **POST_ONLY)
    request_id = str(uuid.uuid4())
    curl = ["curl", "--silent", "--insecure", "--http2", "--user", "nurse:nurse", "--json", json.dumps(NOTE)]
    curl += [
        "--header",
        f"X-Request-Id: {request_id}",
        "--output",
        "/dev/null",
        "--write-out",
        "%{http_version} %{http_code}",
    ]
    answer = subprocess.run(
        [*curl, f"https://{PROXIES[proxy.name]}/notes.json"], capture_output=True, check=True, text=True
    )
    assert answer.stdout == "2 500"
    assert hosp.saw(request_id)["attempts"] == 1
    assert logged(request_id)["retry_note"] == "HTTP/2"


def test_writes_for_one_patient_are_carried_out_by_one_proxy(proxy: Proxy):
    with ThreadPoolExecutor(8) as pool:
        requests = list(pool.map(lambda patient: write(proxy, patient_id=patient)[1], sorted([*range(1, 9)] * 2)))
    lines = all_logged(requests)
    owners = [line["proxy"] for line in lines]
    assert owners[::2] == owners[1::2]
    assert set(owners) == set(WITH_LUA)
    assert {line["client"] for line in lines} == {CONTROLLER}


@pytest.mark.usefixtures("known")
def test_identical_writes_at_once_each_have_a_note_of_their_own(proxy: Proxy, hosp: Hosp):
    """To both proxies; every second attempt fails, half of them though it took effect."""
    hosp.set(rate=0.5, mix={"500": 0.5, "502": 0.5}, applied=0.5, **POST_ONLY)
    document = {**NOTE, "body": uuid.uuid4().hex}

    def send(number: int) -> httpx.Response:
        other = WITH_LUA[1 - WITH_LUA.index(proxy.name)]
        address = PROXIES[other if number % 2 else proxy.name]
        return httpx.post(f"http://{address}/notes.json", json=document, auth=("nurse", "nurse"), timeout=30)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, range(6)))
    ids = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    assert ids
    assert len(ids) == len(set(ids))


@pytest.mark.usefixtures("known")
def test_what_looks_found_is_counted(proxy: Proxy, hosp: Hosp):
    def counts() -> float:
        return sum(metric(host_of(name), 'nginx_proxy_verdicts_total{verdict="found"}') for name in WITH_LUA)

    before = counts()
    hosp.set(rate=1, mix={"500": 1}, applied=1, **POST_ONLY)
    write(proxy)
    assert counts() == before + 1


def test_while_a_proxy_is_down_the_other_carries_its_writes_out(proxy: Proxy):
    other = host_of(next(name for name in WITH_LUA if name != proxy.name))
    other.run_test("systemctl stop nginx")
    try:
        answers = [write(proxy, patient_id=patient)[0].status_code for patient in range(1, 9)]
    finally:
        other.run_test("systemctl start nginx")
    assert answers == [201] * 8
