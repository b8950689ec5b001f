"""The NGINX that runs on this host: what it accepts, and what it serves."""

import subprocess
from pathlib import Path


class NginxError(Exception):
    """What NGINX said."""


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
        _nginx("-t", "-q", "-c", str(self._candidate))

    def serve(self, configuration: str) -> None:
        """Replace the configuration and have it taken up. Raises NginxError when NGINX refuses it, or does not run."""
        self.check(configuration)
        self._candidate.replace(self._file)
        _nginx("-s", "reload")


def _nginx(*arguments: str) -> None:
    done = subprocess.run(["nginx", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NginxError(done.stderr.strip())
