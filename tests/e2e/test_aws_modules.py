"""The modules for AWS, before the lab's stand-in."""

from __future__ import annotations

from running_lab import playbook

SECRET = "an-origin-secret-0123456789-0123456789"


def test_a_distribution_is_created_changed_and_deleted_and_no_secret_is_shown():
    story = playbook("tests/e2e/aws_modules.yml", "-vvv", "-e", f"secret={SECRET}")
    assert story.returncode == 0, story.stdout
    assert SECRET not in story.stdout.replace(f"secret={SECRET}", "") + story.stderr
