"""`python3 package.py FILE` packs the stand-in into a Debian package, with its checksum beside it in FILE.sha256.

The package has the agent's name, paths, user and unit. The same sources make the same bytes, others another version.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
ARCHIVE = "opt/aws/amazon-cloudwatch-agent/lib/cloudwatch_agent.zip"


def package(target: Path) -> None:
    """Write the package and its checksum; another reader never sees half of them."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent) as folder:
        root, built = Path(folder) / "root", Path(folder) / target.name
        shutil.copytree(HERE / "package", root)
        subprocess.run([sys.executable, HERE.parent / "pack.py", HERE / "cloudwatch_agent", root / ARCHIVE], check=True)
        control = root / "DEBIAN" / "control"
        control.write_text(control.read_text().replace("VERSION", f"0+{_digest(root)[:12]}"))
        _make_alike(root)
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", root, built],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "SOURCE_DATE_EPOCH": "0"},
        )
        checksum = Path(folder) / f"{target.name}.sha256"
        checksum.write_text(f"{_sha256(built)}  {target.name}\n")
        built.replace(target)
        checksum.replace(target.with_name(checksum.name))


def _digest(root: Path) -> str:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    parts = [f"{path.relative_to(root)} {path.stat().st_mode & 0o100} {_sha256(path)}\n" for path in files]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _make_alike(root: Path) -> None:
    """Modes and times that do not depend on the checkout."""
    for path in [root, *root.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        os.utime(path, (0, 0))


if __name__ == "__main__":
    package(Path(sys.argv[1]))
