from __future__ import annotations

import datetime
import functools

import pytest
from ansible_collections.steadyfront.fleet.plugins.modules import s3_lifecycle


def expire(id, days):
    return {"id": id, "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": days}}


@pytest.fixture
def aws(aws):
    aws.run = functools.partial(aws.run, s3_lifecycle.main, bucket="logs")
    aws.lifecycles["logs"] = []
    return aws


def test_its_story_each_step_first_checked_then_done_then_left_alone(aws):
    for rules in ([expire("old", 90)], [expire("old", 30), expire("older", 60)], [expire("older", 60)], []):
        checked = aws.run(check=True, rules=rules)
        assert checked["changed"]
        assert aws.writes() == []
        done = aws.run(rules=rules)
        assert done["changed"]
        assert done["diff"] == checked["diff"]
        assert not aws.run(rules=rules)["changed"]
        assert aws.writes() == []
    assert aws.lifecycles == {"logs": []}


def test_dates_are_times_in_utc_whoever_wrote_them(aws):
    dates = [datetime.datetime(2030, month, 1, tzinfo=datetime.UTC) for month in (1, 6)]
    moved = [
        {"Date": date, "StorageClass": name} for date, name in zip(dates, ("GLACIER", "DEEP_ARCHIVE"), strict=True)
    ]
    aws.lifecycles["logs"] = [{"ID": "by hand", "Status": "Enabled", "Filter": {"Prefix": ""}, "Transitions": moved}]
    by_hand = {
        "id": "by hand",
        "transitions": [
            {"date": "2030-06-01T02:00:00+02:00", "storage_class": "DEEP_ARCHIVE"},
            {"date": "2030-01-01T00:00:00Z", "storage_class": "GLACIER"},
        ],
    }
    rules = [by_hand, {**expire("old", 1), "expiration": {"date": "2030-01-01"}}]
    assert aws.run(rules=rules)["changed"]
    (old,) = [rule for rule in aws.lifecycles["logs"] if rule["ID"] == "old"]
    assert old["Expiration"]["Date"] == dates[0]
    again = aws.run(rules=rules)
    assert not again["changed"], again["diff"]
    assert aws.run(rules=again["rules"])["changed"] is False


def test_a_check_may_come_before_the_bucket_and_a_run_may_not(aws):
    assert aws.run(check=True, bucket="none", rules=[expire("old", 90)])["changed"]
    assert "NoSuchBucket" in aws.run(bucket="none", rules=[expire("old", 90)])["msg"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"id": "old", "state": "Enabled"}, "rules[0].state is unknown: did you mean status?"),
        ({"id": "old", "status": "on"}, 'rules[0].status is "on": allowed are Enabled, Disabled'),
        ({"id": "old"}, "rules[0].status is missing"),
        ({"status": "Enabled"}, "rules[0].id is missing"),
        (
            {**expire("old", 1), "expiration": {"date": "soon"}},
            'rules[0].expiration.date is "soon": allowed is a time,',
        ),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_changed(aws, rule, words):
    message = aws.run(rules=[rule])["msg"]
    assert message.startswith(words)
    assert aws.writes() == []
