"""The NGINX that runs on this host: what it accepts, and what it serves."""

import os
import re
import signal
import subprocess
from pathlib import Path

PROCESS = Path("/run/nginx.pid")


class NginxError(Exception):
    """Why NGINX does not serve something."""


class Nginx:
    """NGINX with its one configuration file, which only the edge writes."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._candidate = file.with_name(f"{file.name}.candidate")

    def check(self, configuration: str) -> None:
        """Raise NginxError when NGINX would not serve a configuration."""
        # Secrets of origins are in it.
        self._candidate.touch(mode=0o600)
        self._candidate.write_text(configuration)
        tested = subprocess.run(
            ["nginx", "-t", "-q", "-c", self._candidate], capture_output=True, text=True, check=False
        )
        if tested.returncode != 0:
            # Without time and process, so that the same reason is the same words.
            reason = re.search(r"\[emerg\] \d+#\d+: (.*)", tested.stderr)
            raise NginxError(reason[1] if reason else tested.stderr.strip())

    def serve(self, configuration: str) -> None:
        """Replace the configuration and have it taken up. Raises NginxError when NGINX refuses it, or does not run."""
        self.check(configuration)
        self._candidate.replace(self._file)
        try:
            os.kill(int(PROCESS.read_text()), signal.SIGHUP)
        except (OSError, ValueError) as error:
            raise NginxError(f"NGINX does not run: {error}") from error
