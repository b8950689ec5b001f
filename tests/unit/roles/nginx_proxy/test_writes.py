"""What looks make of an API's answers, and what is sent again, in virtual time."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from lua_nginx import Nginx, Reply, Subrequest

NOTE = {"title": "a", "body": "b", "patient_id": 7, "staff_id": 1}
LIST = "/notes?patient_id={patient_id}&page={page}"
AHEAD = 47  # the API's clock, seconds


class Api:
    """A list of notes, newest first in pages; ``sends`` are replies to writes, ``lands`` when the first is written."""

    def __init__(self, *sends: Reply, lands: float | None = None) -> None:
        self.sends, self.lands = list(sends), lands
        self.notes: list[dict[str, Any]] = []
        self.nginx = Nginx(self.answer)
        self.sent = 0
        self.reads_fail = 0

    def text(self, time: float) -> str:
        return datetime.fromtimestamp(int(time + AHEAD), UTC).isoformat().replace("+00:00", "Z")

    def note(self, ago: float = 0, **fields: Any) -> dict[str, Any]:
        record = {"id": len(self.notes) + 1, **NOTE, **fields, "created_at": self.text(self.nginx.time - ago)}
        self.notes.insert(0, record)
        return record

    def answer(self, asked: Subrequest) -> Reply:
        if asked.sends:
            self.sent += 1
            if self.sent == 1 and self.lands is not None:
                self.lands += self.nginx.time
            return self.sends[self.sent - 1]
        if self.lands is not None and self.nginx.time >= self.lands:
            self.lands = None
            self.note()
        if self.reads_fail:
            self.reads_fail -= 1
            return Reply(502)
        page = int(asked.path.rpartition("=")[2])
        return Reply(200, self.notes[(page - 1) * 3 : page * 3])


def made(api: Api, **verify: Any) -> Any:
    """A write whose proxy knows the API's clock, the ids so far and that its user can read."""
    nginx = api.nginx
    treatment = nginx.table(
        {
            "attempts": 3,
            "connect_timeout_seconds": 1,
            "try_timeout_seconds": 2,
            "deadline_seconds": 12,
            "shortest_try_seconds": 0.2,
            "backoff_max_seconds": [0.2, 0.4, 0.8],
            "verify": {"list": LIST, "has_pages": True, "match": list(NOTE), "app_errors_are_final": False, **verify},
        }
    )
    write, _ = read(nginx, treatment, "POST", NOTE)
    write.id, write.arrived, write.user = "request", nginx.time, "Basic x"
    write.looks, write.backoff, write.tries, write.verdicts = 0, 0, nginx.table([]), nginx.table([])
    nginx.module("writes.vendor_clock").learn(api.text(nginx.time), nginx.time - 0.1, nginx.time)
    write.first_sent, write.largest_id = nginx.time, len(api.notes)
    nginx.module("writes.control").passed(write)
    return write


def read(nginx: Nginx, treatment: Any, method: str, document: Any) -> Any:
    found = nginx.module("writes.write").read(treatment, method, "/notes", json.dumps(document))
    return found if isinstance(found, tuple) else (found, None)


def pursue(api: Api, write: Any) -> Any:
    nginx = api.nginx
    return nginx.module("writes.pursuit")(write, nginx.module("writes.attempt").send(write))


def verdicts(write: Any) -> list[str]:
    return list(write.verdicts.values())


FAILED = Reply(500, {"error": "x"})
DONE = Reply(201, {"id": 99})


@pytest.mark.parametrize("lands", [0.0, 0.5, 2.0])
def test_what_was_written_is_found_late_too_and_never_sent_again(lands):
    api = Api(FAILED, lands=lands)
    write = made(api, max_write_seconds=3)
    assert json.loads(pursue(api, write).found)["id"] == 1
    assert (api.sent, verdicts(write)) == (1, ["found"])


def test_what_is_absent_after_the_bound_is_sent_again_and_not_before():
    api = Api(FAILED, DONE)
    api.note(ago=300, title="old")
    write = made(api, max_write_seconds=3)
    began = api.nginx.time
    assert pursue(api, write).status == 201
    assert (api.sent, verdicts(write)) == (2, ["absent"])
    assert api.nginx.time - began >= 3


def test_looking_only_never_sends_again_and_gives_the_apis_own_error():
    api = Api(FAILED)
    write = made(api)
    answer = pursue(api, write)
    assert (answer.status, json.loads(answer.body)) == (500, {"error": "x"})
    assert (api.sent, verdicts(write), write.note) == (1, ["doubt"], "may still be written")


def test_a_time_out_counts_from_its_end():
    api = Api(Reply(504, answered=False, takes_seconds=2), DONE, lands=4.5)
    api.note(ago=300, title="old")
    write = made(api, max_write_seconds=3)
    assert pursue(api, write).found
    assert api.sent == 1


def test_what_was_not_sent_is_sent_again_without_a_look():
    api = Api(Reply(502, answered=False, sent_nothing=True), DONE)
    write = made(api)
    assert pursue(api, write).status == 201
    assert [asked.sends for asked in api.nginx.seen] == [True, True]


def test_at_most_three_are_sent():
    api = Api(FAILED, FAILED, FAILED)
    api.note(ago=300, title="old")
    write = made(api, max_write_seconds=1)
    assert pursue(api, write).status == 500
    assert (api.sent, write.note) == (3, "attempts")


def test_an_applications_error_is_final_only_when_the_operator_says_so():
    api = Api(FAILED, DONE)
    api.note(ago=300, title="old")
    write = made(api, app_errors_are_final=True)
    assert pursue(api, write).status == 201
    assert (api.sent, verdicts(write)) == (2, ["absent"])


def test_a_look_that_fails_is_made_again():
    api = Api(FAILED, lands=0)
    api.reads_fail = 2
    assert pursue(api, made(api)).found


def test_nothing_is_looked_for_while_the_throttle_is_shut():
    api = Api(FAILED)
    write = made(api)
    for _ in range(60):
        api.nginx.module("throttle").failed()
    pursue(api, write)
    assert (write.looks, write.note) == (0, "throttled")


class TestDoubt:
    """A write whose bound has long passed, looked for once."""

    def look(self, api: Api, write: Any) -> tuple[str, str | None]:
        found = api.nginx.module("writes.look")(write)
        return found if isinstance(found, tuple) else (found, None)

    def test_a_list_that_is_empty_shows_that_it_is_absent(self):
        api = Api()
        assert self.look(api, made(api)) == ("absent", None)

    def test_a_note_that_answered_another_is_not_taken(self):
        api = Api()
        write = made(api)
        api.nginx.module("writes.credits").take(LIST, api.note()["id"], "another")
        assert self.look(api, write) == ("absent", None)

    def test_each_note_is_taken_once(self):
        api = Api()
        write, again = made(api), made(api)
        api.note()
        assert [self.look(api, write)[0], self.look(api, again)[0]] == ["found", "absent"]

    @pytest.mark.parametrize(
        ("ago", "found"), [(2, ("doubt", "may be older")), (50, ("doubt", "may be older")), (70, ("absent", None))]
    )
    def test_an_equal_note_from_before_is_anothers_when_it_is_a_minute_old(self, ago, found):
        api = Api()
        api.note(ago=ago)
        assert self.look(api, made(api)) == found

    @pytest.mark.parametrize("is_known", [True, False])
    def test_without_the_apis_clock_any_note_may_be_older(self, is_known):
        api = Api()
        if is_known:
            api.note(ago=300)
        write = made(api)
        if not is_known:
            # In the API's own pages, half an hour ago.
            api.note(ago=1800)
        api.nginx.lua.execute("""
            local shared, minute = ngx.shared.nginx_proxy_writes, math.floor(ngx.now() / 60)
            shared:delete("least:" .. minute)
            shared:delete("most:" .. minute)
        """)
        assert self.look(api, write) == ("doubt", "may be older")

    def test_an_old_note_with_a_new_id_may_be_it_by_another_clock(self):
        api = Api()
        write = made(api)
        api.note(ago=70)
        assert self.look(api, write) == ("doubt", "may be older")

    @pytest.mark.parametrize(("ago", "verdict"), [(0, "doubt"), (20, "absent")])
    def test_a_fresh_note_in_other_words_may_be_it(self, ago, verdict):
        api = Api()
        api.note(ago=ago, body="B")
        assert self.look(api, made(api))[0] == verdict

    def test_a_note_with_another_number_is_not(self):
        api = Api()
        write = made(api)
        api.note(staff_id=2)
        assert self.look(api, write) == ("absent", None)

    def test_a_note_with_a_rounded_number_may_be_it(self):
        api = Api()
        write = made(api)
        api.note(staff_id=NOTE["staff_id"] + 0.25)
        assert self.look(api, write) == ("doubt", "may be rewritten")

    def test_reading_gives_the_throttle_nothing_back(self):
        api = Api()
        throttle = api.nginx.module("throttle")
        throttle.failed()
        before = throttle.level()
        self.look(api, made(api))
        assert throttle.level() == before

    def test_a_note_that_was_known_before_is_as_far_as_need_be(self):
        api = Api()
        for _ in range(9):
            api.note(ago=10, staff_id=2)
        write = made(api)
        assert self.look(api, write) == ("absent", None)
        assert write.looks == 1
        write.largest_id = 0
        assert self.look(api, write) == ("doubt", "list too long")

    @pytest.mark.parametrize(("count", "found"), [(2, ("absent", None)), (9, ("doubt", "list too long"))])
    def test_a_list_must_reach_back_or_end_within_three_pages(self, count, found):
        api = Api()
        write = made(api)
        for _ in range(count):
            api.note(staff_id=2)
        assert self.look(api, write) == found

    def test_a_list_that_is_not_newest_first_says_nothing(self):
        api = Api()
        write = made(api)
        api.note(staff_id=2)
        api.note(ago=30, staff_id=2)
        assert self.look(api, write) == ("doubt", "not newest first")

    def test_a_list_that_is_none_says_nothing(self):
        api = Api()
        write = made(api)
        api.nginx.answer = lambda _: Reply(200, {"notes": []})
        assert self.look(api, write) == ("doubt", "not read")

    def test_an_identical_write_beside_it_makes_it_doubt(self):
        api = Api()
        write = made(api)
        turns = api.nginx.module("writes.turns")
        assert [turns.take(write.key, "a", 12), turns.take(write.key, "b", 12)] == [True, False]
        api.note()
        assert self.look(api, write) == ("doubt", "identical write")

    @pytest.mark.parametrize("why", ["in_place_of_another", "sent_soon_after_start"])
    def test_who_does_not_know_all_answers_takes_no_note(self, why):
        api = Api()
        write = made(api)
        write[why] = True
        api.note()
        assert self.look(api, write) == ("doubt", "may be another's")

    def test_a_user_who_was_not_seen_to_read_proves_nothing(self):
        api = Api()
        write = made(api)
        write.user = "Basic y"
        assert self.look(api, write) == ("doubt", "reading not proved")

    def test_the_users_last_note_proves_it(self):
        api = Api()
        last = api.note(ago=100, title="last")
        write = made(api)
        write.user = "Basic y"
        api.nginx.module("writes.credits").take(LIST, last["id"], "before")
        api.nginx.module("writes.control").remember(write, last["id"], "/notes?patient_id=7&page=1")
        assert self.look(api, write) == ("absent", None)


def test_writes_that_could_be_taken_for_one_another_take_turns():
    api = Api()
    treatment = made(api).treatment
    number, text = (read(api.nginx, treatment, "POST", {**NOTE, "patient_id": value})[0] for value in (7, "7"))
    assert number.key == text.key


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "field missing"),
        ("text", "body not JSON"),
        ({**NOTE, "title": None}, "field missing"),
        ({**NOTE, "title": ["a"]}, "field missing"),
        ({**NOTE, "patient_id": 2**53}, "field missing"),
        ({"title": "a"}, "field missing"),
    ],
)
def test_a_body_that_cannot_be_looked_for_is_sent_once(document, reason):
    api = Api()
    assert read(api.nginx, made(api).treatment, "POST", document) == (None, reason)


@pytest.mark.parametrize(
    ("document", "reason"),
    [({"title": "a"}, None), ({"title": "a", "colour": 1}, "field not compared"), ({}, "field missing")],
)
def test_a_patch_has_fields_that_can_be_compared_and_no_other(document, reason):
    api = Api()
    assert read(api.nginx, made(api).treatment, "PATCH", document)[1] == reason


class TestPatch:
    def look(self, api: Api, document: dict[str, Any], record: dict[str, Any]) -> tuple[str, str | None]:
        write, _ = read(api.nginx, made(api).treatment, "PATCH", document)
        write.arrived, write.first_sent, write.looks = api.nginx.time, api.nginx.time, 0
        api.nginx.answer = lambda _: Reply(200, record)
        found = api.nginx.module("writes.look_at_object")(write)
        return found if isinstance(found, tuple) else (found, None)

    @pytest.mark.parametrize(
        ("title", "ago", "verdict"),
        [
            ("new", 0, "found"),
            ("new", 300, "found"),
            ("old", 300, "absent"),
            ("old", 30, "doubt"),
            ("other", 0, "doubt"),
        ],
    )
    def test_the_object_says_whether_it_took_effect(self, title, ago, verdict):
        api = Api()
        record = {"id": 1, "title": title, "updated_at": api.text(api.nginx.time - ago)}
        assert self.look(api, {"title": "new"}, record)[0] == verdict


@pytest.mark.parametrize(
    ("text", "seconds", "finest"),
    [
        ("1970-01-02T00:00:00Z", 86400, 1),
        ("2026-11-25T16:26:29.677Z", 1795623989.677, 0.001),
        ("2024-02-29 12:00:00 UTC", 1709208000, 1),
    ],
)
def test_a_time_is_read_with_what_it_can_tell(text, seconds, finest):
    parsed = Api().nginx.module("writes.vendor_clock").parse(text)
    assert parsed == (pytest.approx(seconds, abs=1e-6), pytest.approx(finest))


@pytest.mark.parametrize("text", [None, 5, "", "yesterday", "26-11-25T16:26:29Z"])
def test_what_is_no_time_is_none(text):
    assert Api().nginx.module("writes.vendor_clock").parse(text) is None


@pytest.mark.parametrize(
    "records", [[], [{"a": 1}], [{"a": ']}\\"'}, {"b": [1, {"c": "{"}]}], [{"a": "ü\\"}, [1, [2]], {}]]
)
def test_a_record_keeps_its_own_text(records):
    found = Api().nginx.module("writes.elements")(json.dumps(records))
    assert [json.loads(text) for text in found.values()] == records


def test_the_places_of_a_proxy_that_goes_are_all_that_move():
    nginx = Api().nginx
    owner, policy = nginx.module("writes.peers").owner, nginx.module("policy")
    places = [f"/notes?patient_id={number}" for number in range(300)]
    policy.proxies = nginx.table(["proxy1", "proxy2", "proxy3"])
    before = {place: owner(place) for place in places}
    assert all(70 < list(before.values()).count(f"proxy{number}") < 130 for number in (1, 2, 3))
    policy.proxies = nginx.table(["proxy1", "proxy2"])
    assert {place: owner(place) for place in places if before[place] != "proxy3"}.items() <= before.items()
