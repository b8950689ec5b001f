"""The command line: `python3 -m hosp --database FILE`."""

import argparse
import logging
import sqlite3
import sys
from pathlib import Path

from hosp.server import serve


def main() -> None:
    """Serve, or say in one sentence why not."""
    parser = argparse.ArgumentParser(prog="hosp", description="A stand-in for HOSP, the API that fails.")
    parser.add_argument("--database", type=Path, required=True, help="SQLite file, created with the first data")
    parser.add_argument("--address", default="0.0.0.0", help="IPv4 address to listen on (default: all)")
    parser.add_argument("--api-port", type=int, default=80, help="HOSP's API (default: 80; 0 takes a free one)")
    parser.add_argument("--control-port", type=int, default=9000, help="faults and ledger (default: 9000)")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        serve(arguments.database, arguments.address, arguments.api_port, arguments.control_port)
    except OSError as error:
        ports = f"{arguments.api_port} and {arguments.control_port}"
        sys.exit(f"hosp: cannot listen on {arguments.address}, ports {ports}: {error}")
    except sqlite3.Error as error:
        sys.exit(f"hosp: cannot use the database {arguments.database}: {error}")


main()
