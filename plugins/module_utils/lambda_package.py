# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""The package of a function: a folder, and what its ``requirements.lock`` names, as one zip file.

What goes into a package decides what it is: the folder's files, the lock with its hashes, Python's version and the
machine. A digest of these tells whether a function has to be released, and nothing has to be built for it. The zip
file has the same bytes wherever it is built with the same Python and zlib.

Nothing here knows of AWS. Programs are run as a module of Ansible runs them.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory

# Those on Amazon Linux 2023, whose C library runs every wheel below.
RUNTIMES = ("python3.12", "python3.13", "python3.14")
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
LOCK = "requirements.lock"
_WHEELS = ("manylinux2014", "manylinux_2_28", "manylinux_2_34")
_LEFT_OUT = (".*", "__pycache__", "*.pyc", "tests", "events", "requirements.*")
# Written by pip for itself; machine and paths are in it.
_OF_PIP = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
# Part of every digest. Another number, where the same folder gives another package than before.
_MAKE = 1
# What Lambda takes in a request.
_MOST_MEGABYTES = 50
_TIME = (1980, 1, 1, 0, 0, 0)
# AnsibleModule.run_command: a command to its status, output and errors.
Run = Callable[..., tuple[int, str, str]]


class PackageError(ValueError):
    """A folder that no package can be made of."""


@dataclass(frozen=True)
class Package:
    """A zip file, and whether Python finds its code compiled."""

    zip: bytes
    compiled: bool

    @property
    def sha256(self) -> str:
        """As Lambda writes it (``CodeSha256``)."""
        return base64.b64encode(hashlib.sha256(self.zip).digest()).decode()

    def check_size(self) -> None:
        """Raises PackageError where Lambda would refuse it."""
        megabytes = len(self.zip) / 2**20
        if megabytes > _MOST_MEGABYTES:
            raise PackageError(f"the package has {megabytes:.1f} MB: allowed are {_MOST_MEGABYTES}")


@dataclass(frozen=True)
class Source:
    """A function's folder, and what it will run on. Raises PackageError where there is no such folder."""

    folder: Path
    runtime: str
    architecture: str

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            raise PackageError(f"source is {self.folder}: there is no such folder")

    @property
    def lock(self) -> Path:
        return self.folder / LOCK

    def files(self) -> dict[str, Path]:
        """The folder's own files by their names in the package."""
        return {path.relative_to(self.folder).as_posix(): path for path in self._walk(self.folder)}

    def contents(self) -> str:
        """What the package is made of, as a digest in hexadecimal."""
        files = {name: [_digest(path), _is_program(path)] for name, path in self.files().items()}
        lock = _digest(self.lock) if self.lock.exists() else ""
        told = json.dumps([_MAKE, self.runtime, self.architecture, lock, files], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()

    def check_handler(self, handler: str) -> None:
        """Raises PackageError where the folder has not what ``handler`` (``module.function``) names."""
        module = handler.rpartition(".")[0].replace(".", "/")
        if not {f"{module}.py", f"{module}/__init__.py"} & self.files().keys():
            raise PackageError(f"config.handler is {handler}: {self.folder} has no {module}.py")

    def build(self, run: Run) -> Package:
        """Raises PackageError where the lock has nothing for this Python and machine."""
        with TemporaryDirectory() as name:
            folder = Path(name)
            if self.lock.exists():
                self._install(folder, run)
            for path, file in self.files().items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, folder / path)
            return Package(compiled=_compile(folder, self._version, run), zip=_zipped(folder))

    @property
    def _version(self) -> str:
        return self.runtime.removeprefix("python")

    def _walk(self, folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            if any(fnmatch(path.name, pattern) for pattern in _LEFT_OUT):
                continue
            if not path.is_dir():
                yield path
            elif path.is_symlink():
                raise PackageError(f"{path} is a link to a folder: a package takes folders only")
            else:
                yield from self._walk(path)

    def _install(self, folder: Path, run: Run) -> None:
        wheels = [word for kind in _WHEELS for word in ("--platform", f"{kind}_{MACHINES[self.architecture]}")]
        target = ["--only-binary=:all:", "--implementation", "cp", "--python-version", self._version, *wheels]
        safe = ["--require-hashes", "--no-deps", "--no-compile", "--no-input", "--disable-pip-version-check"]
        pip = [sys.executable, "-m", "pip", "install", "--quiet", *safe, *target]
        status, _output, errors = run([*pip, "--target", str(folder), "-r", str(self.lock)])
        if status:
            raise PackageError(
                f"{self.lock} cannot be installed for {self.runtime} on {self.architecture}: {errors.strip()}"
            )
        # Programs for a shell, which name this machine's Python.
        shutil.rmtree(folder / "bin", ignore_errors=True)
        for name in _OF_PIP:
            for path in folder.glob(f"*.dist-info/{name}"):
                path.unlink()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_program(path: Path) -> bool:
    """Git keeps this of a file's mode, and no more."""
    return bool(path.stat().st_mode & 0o100)


def _compile(folder: Path, version: str, run: Run) -> bool:
    """Compile all code with Python ``version``, where this machine has it. What is compiled is not compared with the
    source when it is imported: no time is in it, and no path of this machine."""
    python = _python(version, run)
    if not python:
        return False
    as_deployed = ["-s", str(folder), "-p", "/var/task", str(folder)]
    run(
        [python, "-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash", *as_deployed],
        # Sets are written in the order of their hashes; and nothing in the folder is to be imported.
        environ_update={"PYTHONHASHSEED": "0"},
        cwd="/",
    )
    return True


def _python(version: str, run: Run) -> str:
    """The Python of this version on this machine, or an empty text. One on the path need not be one that works."""
    for python in filter(None, (sys.executable, shutil.which(f"python{version}"))):
        _status, said, _errors = run([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
        if said.strip() == version:
            return python
    return ""


def _zipped(folder: Path) -> bytes:
    """The folder as a zip file in which no time, order or mode is this machine's."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as package:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system = 3  # Unix, whose modes follow
            entry.external_attr = (0o100755 if _is_program(path) else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, path.read_bytes(), compresslevel=9)
    return written.getvalue()
