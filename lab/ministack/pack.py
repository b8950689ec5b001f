"""`python pack.py FILE` packs MiniStack and what it needs, as installed for Debian 13's Python, into one tar file.

The guests fetch and install nothing themselves: this machine knows the way to the packages, and installs them once.
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
        # The bytecode of another Python is of no use there: MiniStack then takes longer to start.
        wheels += [] if platform.python_version().startswith(f"{PYTHON}.") else ["--no-compile"]
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        target = Path(folder) / "packages"
        subprocess.run([*command, "--require-hashes", "--no-deps", *wheels, "-t", target, "-r", LOCK], check=True)
        unfinished = Path(folder) / "packages.tar"
        with tarfile.open(unfinished, "w") as tar:
            for path in sorted(target.iterdir()):
                tar.add(path, path.name)
            # The last: who has it has all.
            tar.add(LOCK, LOCK.name)
        unfinished.replace(archive)


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
