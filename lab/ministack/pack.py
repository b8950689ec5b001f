"""`python pack.py FILE` packs MiniStack and what it needs, as wheels for Debian 13, into one tar file.

The guests fetch nothing themselves: this machine knows the way to the packages.
"""

import platform
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

LOCK = Path(__file__).with_name("requirements.lock")
PYTHON = "3.13"
# The C libraries that wheels may be made for, all older than Debian 13's.
PLATFORMS = ("manylinux2014", "manylinux_2_17", "manylinux_2_24", "manylinux_2_28", "manylinux_2_34")


def pack(archive: Path) -> None:
    """Write the archive, unless it is there; another reader never sees half of it."""
    if archive.exists():
        return
    archive.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=archive.parent) as folder:
        machine = platform.machine()
        platforms = [word for name in PLATFORMS for word in ("--platform", f"{name}_{machine}")]
        wheels = ["--only-binary=:all:", "--python-version", PYTHON, "--implementation", "cp", *platforms]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*command, "--require-hashes", "--no-deps", *wheels, "-d", folder, "-r", LOCK], check=True)
        unfinished = Path(folder) / "wheels.tar"
        with tarfile.open(unfinished, "w") as tar:
            for path in sorted([LOCK, *Path(folder).glob("*.whl")], key=lambda path: path.name):
                tar.add(path, path.name)
        unfinished.replace(archive)


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
