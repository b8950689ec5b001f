"""The command line: `python3 -m edge --endpoint-url URL …`."""

import argparse
import logging
import time
from pathlib import Path
from urllib.parse import urlsplit

from edge.cloudfront import CloudFront
from edge.follow import Follower
from edge.nginx import Nginx

INTERVAL_SECONDS = 1.0


def main() -> None:
    """Follow the distributions for ever."""
    parser = argparse.ArgumentParser(
        prog="edge", description="CloudFront's data plane: NGINX as the distributions say."
    )
    parser.add_argument("--endpoint-url", required=True, help="where the APIs of AWS and its function URLs are")
    parser.add_argument("--region", required=True)
    parser.add_argument("--certificate", type=Path, required=True, help="what viewers are shown (PEM)")
    parser.add_argument("--certificate-key", type=Path, required=True)
    parser.add_argument("--ca", type=Path, required=True, help="what origins' certificates must come from (PEM)")
    parser.add_argument("--configuration", type=Path, default="/etc/nginx/nginx.conf", help="(default: %(default)s)")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("edge").setLevel(logging.INFO)

    aws = urlsplit(arguments.endpoint_url)
    follower = Follower(
        CloudFront(arguments.endpoint_url, arguments.region),
        Nginx(arguments.configuration),
        (aws.hostname or "", aws.port or 80),
        (arguments.certificate, arguments.certificate_key, arguments.ca),
    )
    while True:
        began = time.monotonic()
        follower.step()
        time.sleep(max(0, INTERVAL_SECONDS - (time.monotonic() - began)))


main()
