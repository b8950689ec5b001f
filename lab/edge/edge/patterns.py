"""CloudFront's path patterns as NGINX's regular expressions. Pure."""

import re

WILDCARDS = {"*": ".*", "?": "."}


def expression(pattern: str) -> str:
    """What matches a path: `*` any characters, slashes too, `?` exactly one; the slash at the start may be left out."""
    rooted = pattern if pattern.startswith(("/", "*")) else f"/{pattern}"
    return "(?s)^" + "".join(WILDCARDS.get(character, re.escape(character)) for character in rooted) + r"\z"
