from __future__ import annotations

import functools

import pytest
from ansible_collections.steadyfront.fleet.plugins.modules import cloudwatch_alarms


def alarm(name, **more):
    return {
        "alarm_name": name,
        "namespace": "Steadyfront",
        "metric_name": "MessagesBuried",
        "dimensions": [{"name": "service", "value": "notes_writer"}],
        "statistic": "Sum",
        "period": 300,
        "evaluation_periods": 1,
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "threshold": 1,
        **more,
    }


@pytest.fixture
def aws(aws):
    aws.run = functools.partial(aws.run, cloudwatch_alarms.main)
    return aws


def test_their_story_each_step_first_checked_then_done_then_left_alone(aws):
    topic = "arn:aws:sns:eu-central-1:111122223333:calls"
    for alarms, written in (
        ([alarm("a"), alarm("b")], 2),
        ([alarm("a"), alarm("b", threshold=2)], 1),
        ([alarm("a", alarm_actions=[topic], treat_missing_data="notBreaching"), alarm("b", threshold=2)], 1),
        ([alarm("a", alarm_actions=[]), alarm("c")], 2),
    ):
        checked = aws.run(check=True, alarms=alarms)
        assert checked["changed"]
        assert aws.writes() == []
        done = aws.run(alarms=alarms)
        assert done["changed"]
        assert done["diff"] == checked["diff"]
        assert len(aws.writes()) == written
        assert not aws.run(alarms=alarms)["changed"]
        assert aws.writes() == []
    assert aws.alarms["a"]["TreatMissingData"] == "notBreaching", "what is not mentioned stays"
    assert aws.alarms.keys() == {"a", "b", "c"}


def test_one_that_was_silenced_by_hand_stays_silent(aws):
    aws.run(alarms=[alarm("a")])
    aws.alarms["a"]["ActionsEnabled"] = False
    assert not aws.run(alarms=[alarm("a")])["changed"]
    assert aws.run(alarms=[alarm("a", threshold=2)])["changed"]
    assert not aws.alarms["a"]["ActionsEnabled"]


def test_they_are_found_however_many_there_are(aws):
    alarms = [alarm(f"a{n:03}") for n in range(130)]
    aws.run(alarms=alarms)
    aws.alarms["a125"]["ActionsEnabled"] = aws.alarms["a075"]["ActionsEnabled"] = False
    assert not aws.run(alarms=alarms)["changed"]


def test_no_alarms_are_none(aws):
    aws.run(alarms=[alarm("a")])
    assert aws.run(alarms=[])["diff"] == {"before": {}, "after": {}}


@pytest.mark.parametrize(
    ("alarms", "words"),
    [
        ([alarm("a", metric="b")], "alarms[0].metric is unknown: did you mean metrics?"),
        ([alarm("a", statistic="Most")], 'alarms[0].statistic is "Most": allowed are SampleCount,'),
        ([alarm("a"), {"period": 60}], "alarms[1].alarm_name is missing"),
        ([alarm("a"), alarm("a")], "alarms[1].alarm_name is a, as that of another is"),
        ([alarm("a", tags=[])], "alarms[0].tags is unknown"),
    ],
    ids=["unknown", "wrong", "no name", "one name", "tags"],
)
def test_what_cannot_work_is_refused_before_anything_is_changed(aws, alarms, words):
    assert words in aws.run(alarms=alarms)["msg"]
    assert aws.calls == []
