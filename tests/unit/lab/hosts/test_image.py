"""What ``image --dry-run`` says, with a Podman that knows of one label."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

HOSTS = Path(__file__).parents[4] / "lab" / "hosts"
RECIPE = hashlib.sha256((HOSTS / "Containerfile").read_bytes() + (HOSTS / "image").read_bytes()).hexdigest()[:16]
# Anything but the question would fail, or be seen in the output.
PODMAN = '#!/bin/sh\n[ "$1 $2" = "image inspect" ] || { echo "$*"; exit 9; }\n'


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (f"echo {RECIPE}", ""),
        ("echo 0123456789abcdef", "would build localhost/steadyfront-host:trixie\n"),
        ("exit 125", "would build localhost/steadyfront-host:trixie\n"),
    ],
    ids=["up to date", "of an older recipe", "not there"],
)
def test_a_dry_run_says_what_would_be_built_and_builds_nothing(tmp_path, answer, said):
    hosts = tmp_path / "lab" / "hosts"
    shutil.copytree(HOSTS, hosts)
    (hosts / "podman").write_text(PODMAN + answer)
    before = sorted(tmp_path.rglob("*"))
    result = subprocess.run([hosts / "image", "--dry-run", "trixie"], capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, said, "")
    assert sorted(tmp_path.rglob("*")) == before
