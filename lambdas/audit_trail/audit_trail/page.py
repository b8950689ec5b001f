"""The pages: plain HTML that needs no script. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from audit_trail.columns import COLUMNS, OUTCOMES
from audit_trail.exchange import ProblemError, Response, answer

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; line-height: 1.2; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
form { display: grid; gap: 1.25rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1.25rem; }
.field label, legend { font-weight: 600; }
input:not([type=checkbox]) { display: block; width: 100%; box-sizing: border-box; font: inherit; padding: .5rem; }
fieldset { border: 1px solid GrayText; border-radius: .25rem; margin: 0; padding: .5rem 1rem; }
fieldset label { display: inline-block; padding: .25rem 1rem .25rem 0; }
button, .button { font: inherit; font-weight: 600; padding: .6rem 1.2rem; border: 2px solid LinkText;
  border-radius: .25rem; background: LinkText; color: Canvas; text-decoration: none; display: inline-block;
  justify-self: start; cursor: pointer; }
:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
[role=alert] { border-left: .4rem solid #c00; padding: .1rem 1rem; margin-bottom: 1.5rem; }
.hint, .wrong { display: block; font-size: .9rem; }
.wrong { font-weight: 600; }
dt { font-weight: 600; }
dd { margin: 0 0 .5rem; overflow-wrap: anywhere; }
progress { width: 100%; height: 1.5rem; }
"""

POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

TEMPLATE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
{head}<title>{title} - Audit trail</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def form(now: float) -> Response:
    """For today, in UTC."""
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0)
    period = {"from": [f"{today:%Y-%m-%dT%H:%M}"], "to": [f"{today + timedelta(days=1):%Y-%m-%dT%H:%M}"]}
    intro = "<p>Who did what, as the proxies have logged it. Every export is itself in the trail.</p>"
    return _page(HTTPStatus.OK, "Export the audit trail", intro + _form(period, {}) + _columns())


def waiting(place: str, retry_seconds: int, seconds: float, bytes_read: int, headers: Mapping[str, str]) -> Response:
    body = f"""<p role="status">The query is running: {seconds:.0f} s so far, {_size(bytes_read)} read.</p>
<p><progress aria-label="The query is running"></progress></p>
<p>This page looks again every {retry_seconds} s. <a href="{escape(place)}">Look now</a></p>"""
    head = f'<meta http-equiv="refresh" content="{retry_seconds}; url={escape(place)}">\n'
    return _page(HTTPStatus.ACCEPTED, "The trail is being put together", body, headers, head)


def ready(about: Mapping[str, Any]) -> Response:
    facts = {
        "Asked for": ", ".join(f"{name} {', '.join(values)}" for name, values in parse_qs(about["filters"]).items()),
        "Rows": f"{about['rows']:,}",
        "Of them lines that cannot be read": f"{about['unreadable']:,}",
        "Copies of lines that were left out": f"{about['copies_left_out']:,}",
        "Whole until": f"{about['whole_until']}; lines of later requests may still be on their way",
    }
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    body = f"""<p><a class="button" href="{escape(about["url"])}">Download the CSV</a></p>
<p>The link works for {about["url_seconds"]} s; this page, loaded again, has a new one.</p>
<dl>{rows}</dl>
<p><a href="/audit">Another export</a></p>"""
    return _page(HTTPStatus.OK, "The trail is ready", body)


def problem(error: ProblemError, query: str) -> Response:
    """What is wrong with a form is said in the form."""
    if not error.fields:
        body = f'<p role="alert">{escape(error.detail)}</p><p><a href="/audit">To the audit trail</a></p>'
        return _page(error.status, error.title, body, error.headers)
    wrong = "".join(f"<li>{_at(name)} {escape(text)}</li>" for name, text in error.fields.items())
    body = f'<div role="alert"><p>{escape(error.detail)}</p><ul>{wrong}</ul></div>'
    return _page(error.status, "That cannot be exported", body + _form(_given(query), error.fields), error.headers)


def _at(name: str) -> str:
    return f'<a href="#{name}">{name.capitalize()}</a>' if name != "query" else "The query"


def _given(query: str) -> dict[str, list[str]]:
    try:
        return parse_qs(query, max_num_fields=100, errors="replace")
    except ValueError:
        return {}


def _form(given: Mapping[str, list[str]], wrong: Mapping[str, str]) -> str:
    def field(name: str, label: str, hint: str, attributes: str) -> str:
        value = escape(given.get(name, [""])[0])
        error, state = "", ""
        if name in wrong:
            error = f'<span class="wrong" id="{name}-wrong">{escape(wrong[name])}</span>'
            state = 'aria-invalid="true" '
        about = f"{name}-hint {name}-wrong" if error else f"{name}-hint"
        return f"""<div class="field"><label for="{name}">{label}</label>
<input id="{name}" name="{name}" value="{value}" {state}aria-describedby="{about}" {attributes}>
<span class="hint" id="{name}-hint">{hint}</span>{error}</div>"""

    def choice(name: str, legend: str, values: tuple[str, ...]) -> str:
        checked = given.get(name, [])
        boxes = "".join(
            f'<label><input type="checkbox" name="{name}" value="{value}"{" checked" * (value in checked)}> '
            f"{value}</label>"
            for value in values
        )
        return f'<fieldset id="{name}"><legend>{legend}</legend>{boxes}</fieldset>'

    time = 'type="datetime-local" required'
    return f"""<form action="/audit/exports">
<div class="pair">
{field("from", "From", "UTC; included", time)}
{field("to", "To", "UTC; not included", time)}
</div>
<div class="pair">
{field("user", "User", "The name as it signs in; empty for all", 'autocomplete="off" maxlength="256"')}
{field("patient", "Patient", "The number; empty for all", 'autocomplete="off" inputmode="numeric" pattern="[0-9]+"')}
</div>
{choice("method", "Methods (none for all)", METHODS)}
{choice("outcome", "Outcomes (none for all)", OUTCOMES)}
<button>Export</button>
</form>"""


def _columns() -> str:
    meanings = "".join(f"<dt><code>{name}</code></dt><dd>{_marked(text)}</dd>" for name, text in COLUMNS.items())
    return f"""<h2>The columns of the CSV</h2>
<dl>{meanings}</dl>
<p>A cell that a spreadsheet would run as a formula begins with an apostrophe.</p>"""


def _marked(text: str) -> str:
    """Code between backticks."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count else "nothing"


def _page(status: int, title: str, body: str, headers: Mapping[str, str] | None = None, head: str = "") -> Response:
    text = TEMPLATE.format(head=head, title=escape(title), style=STYLE, body=body)
    return answer(status, "text/html; charset=utf-8", text, {"content-security-policy": POLICY, **(headers or {})})
