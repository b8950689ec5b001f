"""NGINX follows the distributions: read, plan, render, and replace what is served when it changed."""

import hashlib
import logging
from collections.abc import Iterable
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from edge.cloudfront import CloudFront
from edge.configuration import Trust, render
from edge.names import Names
from edge.nginx import Nginx, NginxError
from edge.sites import Host, Planner, Site, origin_names

log = logging.getLogger("edge")


class Follower:
    """Keeps one NGINX at what one CloudFront says. What goes wrong is said once, until it is over."""

    def __init__(
        self, cloudfront: CloudFront, nginx: Nginx, functions: tuple[str, int], trust: tuple[Path, Path, Path]
    ) -> None:
        """`functions` is the host and port that function URLs lead to, `trust` the certificate, its key, and the CA."""
        self._cloudfront = cloudfront
        self._nginx = nginx
        self._functions = functions
        self._trust = trust
        self._names = Names()
        self._tried: str | None = None
        self._said: set[str] = set()
        self._objections: list[str] = []
        self._problems: list[str] = []

    def step(self) -> None:
        """Take up what changed, if anything did. Whatever fails leaves NGINX at what it serves."""
        try:
            distributions = self._cloudfront.distributions()
            policies = self._cloudfront.response_headers_policies()
            trust = _read(*self._trust)
        except (BotoCoreError, ClientError, OSError) as error:
            self._say([*self._problems, f"nothing new is taken up: {error}"])
            return
        host, port = self._functions
        hosts = self._names.look_up({*origin_names(distributions), host})
        planner = Planner(policies, hosts, Host(hosts[host].addresses, hosts[host].error, port))
        sites = planner.sites(distributions)
        wanted = render(sites, trust)
        if wanted != self._tried:
            self._tried = None
            try:
                self._objections = self._take_up(sites, trust, wanted)
                self._tried = wanted
            except NginxError as error:
                self._objections = [f"nothing new is taken up: {error}"]
        self._problems = [*planner.problems, *self._objections]
        self._say(self._problems)

    def _take_up(self, sites: list[Site], trust: Trust, wanted: str) -> list[str]:
        """Serve what is wanted, or as much of it as NGINX accepts; what it objects to. Raises NginxError."""
        objections = {}
        try:
            self._nginx.serve(wanted)
        except NginxError:
            self._nginx.check(render([], trust))
            objections = {site.id: error for site in sites if (error := self._objection(render([site], trust)))}
            sound = [site.without_behaviours() if site.id in objections else site for site in sites]
            self._nginx.serve(render(sound, trust))
        log.info("serving %s", ", ".join(site.id for site in sites) or "no distribution")
        return [f"distribution {name} is answered 502: {objection}" for name, objection in objections.items()]

    def _objection(self, configuration: str) -> str:
        try:
            self._nginx.check(configuration)
        except NginxError as error:
            return str(error)
        return ""

    def _say(self, problems: Iterable[str]) -> None:
        now = set(problems)
        for words in sorted(now - self._said):
            log.error("%s", words)
        for words in sorted(self._said - now):
            log.info("over: %s", words)
        self._said = now


def _read(certificate: Path, certificate_key: Path, ca: Path) -> Trust:
    """What NGINX will find in the files. Raises OSError when one is missing."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (certificate, certificate_key, ca)))
    return Trust(str(certificate), str(certificate_key), str(ca), digest.hexdigest())
