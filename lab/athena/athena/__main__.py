"""The command line: `python3 -m athena --database FILE --endpoint-url URL`."""

import argparse
import logging
import sqlite3
import sys
from pathlib import Path

from athena.server import serve


def main() -> None:
    """Serve, or say in one sentence why not."""
    parser = argparse.ArgumentParser(prog="athena", description="A stand-in for Amazon Athena, on DuckDB.")
    parser.add_argument("--database", type=Path, required=True, help="SQLite file for workgroups, catalogs and queries")
    parser.add_argument("--endpoint-url", required=True, help="where S3, Glue and CloudWatch Logs are")
    parser.add_argument("--region", default="eu-central-1", help="(default: eu-central-1)")
    parser.add_argument("--account", default="000000000000", help="the account's number (default: twelve zeros)")
    parser.add_argument("--address", default="0.0.0.0", help="IPv4 address to listen on (default: all)")
    parser.add_argument("--port", type=int, default=4567, help="(default: 4567; 0 takes a free one)")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        serve(**vars(arguments))
    except OSError as error:
        sys.exit(f"athena: cannot listen on {arguments.address}, port {arguments.port}: {error}")
    except sqlite3.Error as error:
        sys.exit(f"athena: cannot use the database {arguments.database}: {error}")


main()
