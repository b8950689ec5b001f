"""The command line: `python3 -m cloudwatch_agent`, and `python3 -m cloudwatch_agent --check`."""

import argparse
import logging
import signal
import sys
import threading
import time
from pathlib import Path

from cloudwatch_agent.configuration import ConfigurationError, credentials, read
from cloudwatch_agent.events import Reader
from cloudwatch_agent.logs import CloudWatchStream, client
from cloudwatch_agent.ship import Shipper
from cloudwatch_agent.trail import Trail

DIRECTORY = Path("/opt/aws/amazon-cloudwatch-agent")
# As often as the agent looks.
INTERVAL_SECONDS = 0.25


def main() -> None:
    """Ship for ever, or say what is wrong with the configuration."""
    parser = argparse.ArgumentParser(
        prog="cloudwatch_agent", description="Ships log files to CloudWatch Logs as the Amazon CloudWatch agent does."
    )
    parser.add_argument("--configuration", type=Path, default=DIRECTORY / "etc" / "amazon-cloudwatch-agent.json")
    parser.add_argument("--common-configuration", type=Path, default=DIRECTORY / "etc" / "common-config.toml")
    parser.add_argument("--state", type=Path, default=DIRECTORY / "logs" / "state", help="a folder")
    parser.add_argument("--check", action="store_true", help="only see whether the configuration can be gone by")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("cloudwatch_agent").setLevel(logging.INFO)
    try:
        configuration = read(arguments.configuration)
        api = client(configuration, credentials(arguments.common_configuration))
    except ConfigurationError as error:
        sys.exit(str(error))
    if arguments.check:
        return

    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    arguments.state.mkdir(parents=True, exist_ok=True)
    shippers = [
        Shipper(
            Trail(file.path, arguments.state / str(file.path).replace("/", "_")),
            Reader(file.timestamp),
            CloudWatchStream(api, file),
            configuration.flush_seconds,
        )
        for file in configuration.files
    ]
    while not over.is_set():
        # Each has its turn, whether or not there is more to do.
        more = [shipper.round(time.monotonic(), time.time_ns() // 1_000_000) for shipper in shippers]
        if not any(more):
            over.wait(INTERVAL_SECONDS)


main()
