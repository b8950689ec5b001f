"""playbooks/rotate_origin_secret.yml before a front that is not CloudFront. What it keeps is all that it does here: of
hosts that are absent, no proxy is reached and nothing in AWS."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[3]
SECRETS = "{{ lookup('ansible.builtin.file', fleet_origin_secrets_path) | from_yaml }}"
A, B = "A" * 43, "B" * 43
SENT = ["-e", "front_sends_it=true"]
WAITS = "run this again with -e front_sends_it=true"


@pytest.fixture
def rotate(tmp_path) -> Callable[..., tuple[bool, dict[str, str]]]:
    """``rotate(kept, *options)``: whether it came to its end, and what is kept then."""
    absent, path = tmp_path / "absent.yml", tmp_path / "origin_secrets.yml"
    absent.write_text(yaml.safe_dump({"absent": {"hosts": {"proxy1": {}, "proxy2": {}}}}))
    variables = ["-e", json.dumps({"fleet_origin_secrets_path": str(path), "fleet_origin_secrets": SECRETS})]
    run = ["ansible-playbook", "-i", "inventories/staging", "-i", absent, "playbooks/rotate_origin_secret.yml"]

    def rotate(kept: dict[str, str], *options: str, stops: str = WAITS) -> tuple[bool, dict[str, str]]:
        path.write_text(yaml.safe_dump(kept))
        result = subprocess.run([*run, *variables, *options], cwd=CHECKOUT, capture_output=True, text=True, check=False)
        has_stopped = stops in " ".join(result.stdout.split())
        assert has_stopped == (result.returncode != 0), result.stdout
        return not has_stopped, yaml.safe_load(path.read_text())

    return rotate


def test_the_first_secret_is_not_asked_for_until_the_front_sends_it(rotate):
    is_done, kept = rotate({})
    assert not is_done
    assert kept == {"pending": kept["pending"]}
    assert rotate(kept) == (False, kept)
    assert rotate(kept, *SENT) == (True, {"current": kept["pending"]})


def test_the_old_secret_is_kept_until_the_front_sends_the_new_one(rotate):
    is_done, kept = rotate({"current": A})
    assert not is_done
    assert kept == {"current": kept["current"], "previous": A}
    assert rotate(kept) == (False, kept)
    assert rotate(kept, *SENT) == (True, {"current": kept["current"]})


@pytest.mark.parametrize("kept", [{}, {"current": A, "pending": B}], ids=["none", "begun"])
def test_what_the_front_cannot_send_yet_is_not_completed(rotate, kept):
    assert rotate(kept, *SENT, stops="nothing in") == (False, kept)


def test_a_last_step_that_was_interrupted_is_completed_and_no_other_begun(rotate):
    assert rotate({"current": A}, *SENT) == (True, {"current": A})


@pytest.mark.parametrize(
    "left_out", [["--limit", "proxies"], ["--skip-tags", "cloudfront"]], ids=lambda words: words[0]
)
def test_nobody_is_left_out(rotate, left_out):
    assert rotate({"current": A}, *left_out, stops="Run this without --limit and --skip-tags") == (
        False,
        {"current": A},
    )


def test_secrets_that_are_not_read_from_the_file_are_not_taken_for_replaced(rotate):
    elsewhere = ["-e", json.dumps({"fleet_origin_secrets": {"current": A}})]
    is_done, _ = rotate({"current": A}, *elsewhere, stops="fleet_origin_secrets is not what was written")
    assert not is_done
