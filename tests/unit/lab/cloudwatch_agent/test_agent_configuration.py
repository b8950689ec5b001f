"""The stand-in goes by what the role renders, and refuses what it does not do."""

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadyfront.fleet.plugins.module_utils.cloudwatch_agent import cloudwatch_agent
from cloudwatch_agent.configuration import ConfigurationError, credentials, read

FILE = {"path": "/var/log/nginx/access.log", "group": "/hosp/proxies", "stream": "proxy1"}
MORE = {"retention_days": 400, "timestamp_format": '"time":"%Y-%m-%dT%H:%M:%S', "timezone": "LOCAL"}


def document(**file: Any) -> dict[str, Any]:
    return cloudwatch_agent([{**FILE, **file}], "eu-central-1", "http://127.0.0.1:4566")


def entry(of: dict[str, Any]) -> dict[str, Any]:
    return of["logs"]["logs_collected"]["files"]["collect_list"][0]


@pytest.fixture
def written(tmp_path):
    def write(content: Any) -> Path:
        path = tmp_path / "agent.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def test_what_the_role_renders_is_gone_by(written):
    configuration = read(written(document(**MORE)))
    assert configuration.endpoint_url == "http://127.0.0.1:4566"
    assert (configuration.region, configuration.flush_seconds) == ("eu-central-1", 5)
    [file] = configuration.files
    assert (str(file.path), file.group, file.stream, file.retention_days) == (*FILE.values(), 400)
    assert file.timestamp.find('{"time":"2026-01-31T00:00:00+00:00",') is not None


def test_what_is_not_mentioned_is_as_with_the_agent(written):
    wanted = document()
    del wanted["logs"]["endpoint_override"], wanted["logs"]["force_flush_interval"]
    configuration = read(written(wanted))
    assert (configuration.endpoint_url, configuration.flush_seconds) == (None, 5)
    assert (configuration.files[0].retention_days, configuration.files[0].timestamp) == (None, None)


def test_placeholders_for_the_host_are_resolved(written, monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "proxy1.example")
    [file] = read(written(document(stream="{hostname}-{local_hostname}"))).files
    assert file.stream == "proxy1.example-proxy1.example"


def changed(section: str, **values: Any) -> dict[str, Any]:
    wanted = document()
    sections = {"agent": wanted["agent"], "logs": wanted["logs"], "file": entry(wanted)}
    sections[section].update(values)
    return wanted


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "agent.json: "),
        (changed("file", retention_in_days=2), "files.collect_list[0].retention_in_days: 2 is not one of"),
        (changed("file", file_path=1), "$.logs.logs_collected.files.collect_list[0].file_path: 1 is not of type"),
        (changed("file", rotate=True), "Additional properties are not allowed ('rotate' was unexpected)"),
        (changed("file", filters=[]), "collect_list[0].filters is not known to the stand-in, which knows encoding"),
        (changed("file", file_path="/var/log/*.log"), "file_path is /var/log/*.log: one file is followed"),
        (changed("file", encoding="latin-1"), "encoding is latin-1: allowed is utf-8"),
        (changed("file", timestamp_format="%Q"), "timestamp_format is '%Q': %Q is not one of"),
        (changed("logs", concurrency=4), "$.logs.concurrency is not known to the stand-in"),
        (changed("agent", debug=True), "$.agent.debug is not known to the stand-in"),
        ({**document(), "metrics": {"metrics_collected": {"statsd": {}}}}, "$.metrics is not known to the stand-in"),
        ({"agent": {}}, "$.agent.region is missing"),
    ],
    ids=[
        "no JSON", "retention", "type", "no key", "filters", "pattern", "encoding", "format", "concurrency", "debug",
        "metrics", "nothing",
    ],
)  # fmt: skip
def test_what_the_agent_refuses_or_the_stand_in_does_not_do_is_refused(written, content, words):
    with pytest.raises(ConfigurationError) as refused:
        read(written(content))
    assert words in str(refused.value)


def test_credentials_are_where_common_config_toml_says(tmp_path):
    path = tmp_path / "common-config.toml"
    path.write_text('[credentials]\nshared_credential_profile = "p"\nshared_credential_file = "/f"\n')
    assert credentials(path) == {"shared_credential_profile": "p", "shared_credential_file": "/f"}
    path.write_text("# nothing\n")
    assert credentials(path) == {}
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml"):
        credentials(tmp_path / "nowhere.toml")
