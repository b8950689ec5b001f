"""`python3 pack_hosp.py FILE` packs the simulator into one zip file, from which Python runs it (PYTHONPATH=FILE).

The same sources make the same bytes: sorted names, fixed times and modes, no compression, no bytecode.
"""

import os
import sys
from pathlib import Path
from zipfile import ZipFile, ZipInfo


def pack(archive: Path) -> None:
    """Write the archive and the folders it needs; another reader never sees half of it."""
    root = Path(__file__).parent
    archive.parent.mkdir(parents=True, exist_ok=True)
    unfinished = archive.with_name(f"{archive.name}.{os.getpid()}")
    with ZipFile(unfinished, "w") as target:
        for source in sorted((root / "hosp").glob("*.py")):
            entry = ZipInfo(source.relative_to(root).as_posix())
            entry.external_attr = 0o644 << 16
            target.writestr(entry, source.read_bytes())
    unfinished.replace(archive)


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
