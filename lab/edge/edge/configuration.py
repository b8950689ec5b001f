"""NGINX's configuration from sites. Pure."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import jinja2

from edge.policies import Header
from edge.sites import Behaviour, Site

# As CloudFront words its own errors. NGINX cannot answer 400 and 414 this way: it has no path yet.
WORDS = {
    403: "Bad request. We can't connect to the server for this app or website at this time.",
    494: "Bad request.",
    502: "CloudFront wasn't able to connect to the origin.",
    504: "CloudFront attempted to establish a connection with the origin, but either the attempt failed or the origin "
    "closed the connection.",
}


@dataclass(frozen=True)
class Trust:
    """What the edge shows and what it believes: paths of PEM files. `mark` changes with what is in them."""

    certificate: str
    certificate_key: str
    ca: str
    mark: str


def escaped(text: str) -> str:
    """What NGINX reads as exactly this text, between double quotes and where it looks for variables."""
    return escaped_expression(text).replace("$", "${edge_dollar}")


def escaped_expression(text: str) -> str:
    """What NGINX reads as exactly this text, between double quotes and where it looks for no variables."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def render(sites: Sequence[Site], trust: Trust) -> str:
    """The whole configuration file. Custom headers of origins, which may be secrets, stand in it."""
    return TEMPLATE.render(sites=sites, trust=trust, words=WORDS, own_headers=_own_headers(sites))


def _at(lines: str, column: int) -> str:
    return textwrap.indent(lines, " " * column).rstrip()


def _own_headers(sites: Sequence[Site]) -> list[Header]:
    """The headers that the origin's own take precedence over, each once: its place in the list names its variable."""
    behaviours = [behaviour for site in sites for behaviour in site.behaviours if isinstance(behaviour, Behaviour)]
    headers = [header for behaviour in behaviours for header in behaviour.answer.headers if not header.override]
    return list(dict.fromkeys(headers))


def _template() -> jinja2.Template:
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters |= {"escaped": escaped, "escaped_expression": escaped_expression, "at": _at}
    return environment.from_string(files("edge").joinpath("nginx.conf.j2").read_text())


TEMPLATE = _template()
