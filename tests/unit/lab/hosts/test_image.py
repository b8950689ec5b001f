"""What ``image --dry-run`` says, with a Podman that knows of one label."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

HOSTS = Path(__file__).parents[4] / "lab" / "hosts"
PLAIN = ["Containerfile", "image"]
KINDS = {
    "trixie": (["trixie"], PLAIN),
    "trixie-packages": (["trixie", "packages"], [*PLAIN, "Containerfile.packages", "packages"]),
}
# Anything but the question would fail, or be seen in the output.
PODMAN = '#!/bin/sh\n[ "$1 $2" = "image inspect" ] || { echo "$*"; exit 9; }\n'


@pytest.mark.parametrize("tag", KINDS)
@pytest.mark.parametrize(
    ("answer", "is_there"),
    [("echo {recipe}", True), ("echo 0123456789abcdef", False), ("exit 125", False)],
    ids=["up to date", "of an older recipe", "not there"],
)
def test_a_dry_run_says_what_would_be_built_and_builds_nothing(tmp_path, answer, is_there, tag):
    hosts = tmp_path / "lab" / "hosts"
    shutil.copytree(HOSTS, hosts)
    words, files = KINDS[tag]
    recipe = hashlib.sha256(b"".join((hosts / name).read_bytes() for name in files)).hexdigest()[:16]
    (hosts / "podman").write_text(PODMAN + answer.format(recipe=recipe))
    before = sorted(tmp_path.rglob("*"))
    result = subprocess.run([hosts / "image", "--dry-run", *words], capture_output=True, text=True)
    said = "" if is_there else f"would build localhost/steadyfront-host:{tag}\n"
    assert (result.returncode, result.stdout, result.stderr) == (0, said, "")
    assert sorted(tmp_path.rglob("*")) == before
