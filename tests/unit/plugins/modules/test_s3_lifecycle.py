from __future__ import annotations

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


def test_a_check_may_come_before_the_bucket_and_a_run_may_not(aws):
    assert aws.run(check=True, bucket="none", rules=[expire("old", 90)])["changed"]
    assert "NoSuchBucket" in aws.run(bucket="none", rules=[expire("old", 90)])["msg"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"id": "old", "state": "Enabled"}, "rules[0].state is unknown: did you mean status?"),
        ({"id": "old", "status": "on"}, 'rules[0].status is "on": allowed are Enabled, Disabled'),
        ({"id": "old"}, "rules[0].status is missing"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_changed(aws, rule, words):
    message = aws.run(rules=[rule])["msg"]
    assert message.startswith(words)
    assert aws.writes() == []
