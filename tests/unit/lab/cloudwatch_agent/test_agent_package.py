"""The Debian package that stands in for the agent's."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).parents[4] / "lab"


def module(source: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("agent_package", source / "cloudwatch_agent" / "package.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def field(package: Path, name: str) -> str:
    return subprocess.run(
        ["dpkg-deb", "--field", package, name], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def copied(tmp_path) -> Path:
    """The sources, as another checkout with other modes and times has them."""
    target = tmp_path / "lab"
    target.mkdir()
    shutil.copy(SOURCE / "pack.py", target)
    shutil.copytree(SOURCE / "cloudwatch_agent", target / "cloudwatch_agent", copy_function=shutil.copyfile)
    for path in target.rglob("*"):
        original = SOURCE / path.relative_to(target)
        path.chmod((0o700 if os.access(original, os.X_OK) else 0o600) if path.is_file() else 0o700)
    return target


def test_the_same_sources_make_the_same_bytes_and_others_another_version(tmp_path, copied):
    one, other = tmp_path / "one" / "agent.deb", tmp_path / "other" / "agent.deb"
    module(SOURCE).package(one)
    module(copied).package(other)
    assert one.read_bytes() == other.read_bytes()
    (copied / "cloudwatch_agent" / "cloudwatch_agent" / "trail.py").write_text("# other\n")
    module(copied).package(other)
    assert field(one, "Version") != field(other, "Version")


def test_it_has_the_agents_name_paths_and_unit_and_its_checksum_beside_it(tmp_path):
    package = tmp_path / "agent.deb"
    module(SOURCE).package(package)
    assert field(package, "Package") == "amazon-cloudwatch-agent"
    assert (tmp_path / "agent.deb.sha256").read_text() == (
        f"{hashlib.sha256(package.read_bytes()).hexdigest()}  agent.deb\n"
    )
    listed = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True).stdout
    modes = {line.split()[-1]: line.split()[0] for line in listed.splitlines()}
    agent = "./opt/aws/amazon-cloudwatch-agent"
    assert modes[f"{agent}/bin/config-translator"] == "-rwxr-xr-x"
    assert modes[f"{agent}/lib/cloudwatch_agent.zip"] == "-rw-r--r--"
    assert modes["./etc/systemd/system/amazon-cloudwatch-agent.service"] == "-rw-r--r--"
    assert sorted(tmp_path.iterdir()) == [package, tmp_path / "agent.deb.sha256"]
