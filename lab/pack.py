"""`python3 pack.py PACKAGE FILE` packs a Python package into one zip file, from which Python runs it (PYTHONPATH=FILE).

The same sources make the same bytes: sorted names, fixed times and modes, no compression, no bytecode.
"""

import os
import sys
from pathlib import Path
from zipfile import ZipFile, ZipInfo

SOURCES = {".py", ".j2", ".json", ".sql"}


def pack(package: Path, archive: Path) -> None:
    """Write the archive and the folders it needs; another reader never sees half of it."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    unfinished = archive.with_name(f"{archive.name}.{os.getpid()}")
    with ZipFile(unfinished, "w") as target:
        for source in sorted(path for path in package.iterdir() if path.suffix in SOURCES):
            entry = ZipInfo(f"{package.name}/{source.name}")
            entry.external_attr = 0o644 << 16
            target.writestr(entry, source.read_bytes())
    unfinished.replace(archive)


if __name__ == "__main__":
    pack(Path(sys.argv[1]), Path(sys.argv[2]))
