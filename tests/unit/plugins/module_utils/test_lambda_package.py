"""Packages that are really built, by pip too: from a wheel of the test's own."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadyfront.fleet.plugins.module_utils import lambda_package
from ansible_collections.steadyfront.fleet.plugins.module_utils.lambda_package import Package, PackageError, Source

pytestmark = pytest.mark.slow

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
TAG = f"cp{sys.version_info.major}{sys.version_info.minor}"
X86 = f"{TAG}-{TAG}-manylinux_2_28_x86_64"


def run(arguments: list[str], cwd: str | None = None, environ_update: dict[str, str] | None = None) -> Any:
    """As AnsibleModule.run_command does."""
    environment = {**os.environ, **(environ_update or {})}
    done = subprocess.run(arguments, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def wheel(folder: Path, tags: str) -> str:
    """A wheel of ``helper`` for one platform, with code, a program and a console script. Returns the lock's line."""
    folder.mkdir(exist_ok=True)
    path = folder / f"helper-1.0-{tags}.whl"
    about = {
        "helper/__init__.py": "NAMES = {'a', 'b', 'c', 'd'}\n",
        "helper/run": "#!/bin/sh\n",
        "helper-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: helper\nVersion: 1.0\n",
        "helper-1.0.dist-info/WHEEL": f"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: false\nTag: {tags}\n",
        "helper-1.0.dist-info/entry_points.txt": "[console_scripts]\nhelper = helper:main\n",
    }
    with zipfile.ZipFile(path, "w") as file:
        for name, text in about.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o100755 if name.endswith("/run") else 0o100644) << 16
            file.writestr(entry, text)
        file.writestr("helper-1.0.dist-info/RECORD", "".join(f"{name},,\n" for name in about))
    return f"helper==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A function that needs ``helper``, which pip finds beside it."""
    source = tmp_path / "checkout" / "lambdas" / "screening"
    for name, text in {
        "handler.py": "import helper\n\ndef handler(event, context):\n    return sorted(helper.NAMES)\n",
        "core/__init__.py": "WORDS = frozenset(('x', 'y', 'z'))\n",
        "tests/test_handler.py": "",
        "events/one.json": "{}",
        "__pycache__/old.pyc": "",
        ".env": "",
        "requirements.in": "helper",
        "requirements.lock": wheel(tmp_path / "wheels", X86),
    }.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    return source


def entries(package: bytes) -> dict[str, zipfile.ZipInfo]:
    return {entry.filename: entry for entry in zipfile.ZipFile(io.BytesIO(package)).infolist()}


def test_it_has_the_folder_and_its_requirements_and_nothing_else(folder):
    package = Source(folder, PYTHON, "x86_64").build(run)
    names = [name for name in entries(package.zip) if not name.endswith(".pyc")]
    assert names == [
        "core/__init__.py",
        "handler.py",
        "helper-1.0.dist-info/METADATA",
        "helper-1.0.dist-info/WHEEL",
        "helper-1.0.dist-info/entry_points.txt",
        "helper/__init__.py",
        "helper/run",
    ]
    assert package.compiled


def test_two_checkouts_another_umask_and_another_time_zone_give_the_same_bytes(folder, tmp_path):
    first = Source(folder, PYTHON, "x86_64").build(run)
    other = tmp_path / "another checkout"
    program = (
        "import hashlib, sys; from pathlib import Path; from test_lambda_package import Source, run;"
        " source = Source(Path(sys.argv[1]), sys.argv[2], 'x86_64');"
        " print(source.contents(), hashlib.sha256(source.build(run).zip).hexdigest())"
    )
    umask = os.umask(0o077)
    try:
        shutil.copytree(folder, other, copy_function=shutil.copyfile)
        os.utime(other / "handler.py", (1, 1))
        here = str(Path(__file__).parent)
        environment = {**os.environ, "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7", "PYTHONPATH": here}
        command = [sys.executable, "-c", program, str(other), PYTHON]
        built = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=tmp_path)
    finally:
        os.umask(umask)
    contents, digest = built.stdout.split()
    assert contents == Source(folder, PYTHON, "x86_64").contents()
    assert digest == hashlib.sha256(first.zip).hexdigest()


def test_python_runs_what_is_compiled(folder, tmp_path):
    package = Source(folder, PYTHON, "x86_64").build(run)
    task = tmp_path / "task"
    zipfile.ZipFile(io.BytesIO(package.zip)).extractall(task)
    # Even where the source has become another.
    (task / "helper" / "__init__.py").write_text("NAMES = 1 / 0")
    program = [sys.executable, "-c", "import handler; print(handler.handler({}, None))"]
    ran = subprocess.run(program, cwd=task, capture_output=True, text=True, check=True)
    assert ran.stdout == "['a', 'b', 'c', 'd']\n"


def test_no_path_of_this_machine_is_in_it(folder, tmp_path):
    package = zipfile.ZipFile(io.BytesIO(Source(folder, PYTHON, "x86_64").build(run).zip))
    (compiled,) = [package.read(name) for name in package.namelist() if name.startswith("__pycache__/handler.")]
    assert b"/var/task/handler.py" in compiled
    assert not [name for name in package.namelist() if b"/tmp" in package.read(name)]


def test_modes_are_those_that_git_keeps(folder):
    (folder / "tool").write_text("#!/bin/sh\n")
    (folder / "tool").chmod(0o700)
    (folder / "core" / "__init__.py").chmod(0o666)
    package = Source(folder, PYTHON, "x86_64").build(run)
    modes = {name: entry.external_attr >> 16 for name, entry in entries(package.zip).items()}
    assert {name for name, mode in modes.items() if mode == 0o100755} == {"tool", "helper/run"}
    assert set(modes.values()) == {0o100755, 0o100644}


@pytest.mark.parametrize(
    ("name", "text"),
    [("handler.py", "# another"), ("core/more.py", ""), ("requirements.lock", "# another"), ("tool", None)],
)
def test_its_contents_are_others_when_anything_in_it_is(folder, name, text):
    (folder / "tool").write_text("")
    before = Source(folder, PYTHON, "x86_64").contents()
    if text is None:
        (folder / name).chmod(0o755)
    else:
        (folder / name).write_text(text)
    assert Source(folder, PYTHON, "x86_64").contents() != before


def test_its_contents_are_others_for_another_python_and_machine():
    folder = Path(__file__).parent
    made = [("python3.12", "x86_64"), ("python3.13", "x86_64"), ("python3.13", "arm64")]
    assert len({Source(folder, *target).contents() for target in made}) == 3


def test_a_lock_without_a_wheel_for_the_machine_is_refused(folder):
    with pytest.raises(PackageError) as refused:
        Source(folder, PYTHON, "arm64").build(run)
    assert f"{folder}/requirements.lock cannot be installed for {PYTHON} on arm64" in str(refused.value)
    assert "No matching distribution found for helper==1.0" in str(refused.value)


@pytest.mark.parametrize(
    ("lock", "words"),
    [
        ("helper==1.0\n", "Hashes are required"),
        (f"helper==1.0 --hash=sha256:{'0' * 64}\n", "DO NOT MATCH THE HASHES"),
    ],
)
def test_a_lock_that_does_not_name_the_wheel_by_its_hash_is_refused(folder, lock, words):
    (folder / "requirements.lock").write_text(lock)
    with pytest.raises(PackageError, match=words):
        Source(folder, PYTHON, "x86_64").build(run)


def test_one_that_is_too_large_is_refused():
    Package(bytes(50 * 2**20), compiled=True).check_size()
    with pytest.raises(PackageError, match=r"the package has 50.5 MB: allowed are 50"):
        Package(bytes(50 * 2**20 + 2**19), compiled=True).check_size()


def test_without_the_functions_python_nothing_is_compiled(folder, monkeypatch):
    monkeypatch.setattr(lambda_package, "_python", lambda version, run: "")
    package = Source(folder, PYTHON, "x86_64").build(run)
    assert not package.compiled
    assert not [name for name in entries(package.zip) if name.endswith(".pyc")]


def test_a_python_that_is_another_or_does_not_run_is_not_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert lambda_package._python("3.99", run) == ""
    (tmp_path / "python3.99").write_text("#!/bin/sh\nexit 127\n")
    (tmp_path / "python3.99").chmod(0o755)
    assert lambda_package._python("3.99", run) == ""


def test_a_folder_that_is_not_there_or_led_to_by_a_link_is_refused(folder):
    with pytest.raises(PackageError, match="there is no such folder"):
        Source(folder / "nowhere", PYTHON, "x86_64")
    (folder / "linked").symlink_to(folder / "core")
    with pytest.raises(PackageError, match="linked is a link to a folder"):
        Source(folder, PYTHON, "x86_64").contents()


@pytest.mark.parametrize("handler", ["handler.handler", "core.handler", "core/__init__.handler"])
def test_a_handler_that_is_there_is_accepted(folder, handler):
    Source(folder, PYTHON, "x86_64").check_handler(handler)


@pytest.mark.parametrize("handler", ["main.handler", "tests.test_handler.handler", "handler"])
def test_a_handler_that_is_not_there_is_refused(folder, handler):
    with pytest.raises(PackageError, match=f"config.handler is {handler}: "):
        Source(folder, PYTHON, "x86_64").check_handler(handler)
