"""Text that means something to SQL or to a spreadsheet, when it gets there."""

from __future__ import annotations

from itertools import product

# What may end a literal or a word, what is run then, and what hides the rest.
OPENINGS = (
    *("'", "''", '"', "\\'", "')", "'))", "%27", "\u2019", "\uff07", "admin'", "'||'", "';", "1", "1)", "?", "`", "$$"),
    *("E'", "U&'", "x'"),
)
BODIES = (
    " OR 1=1",
    " OR 'a'='a",
    " AND 1=0 UNION ALL SELECT message FROM line",
    " UNION SELECT table_name FROM information_schema.tables",
    "; DROP TABLE entry",
    "; SELECT 1",
    ") OR (1=1",
    " OR 1/0=1",
    " || (SELECT max(message) FROM line) || '",
    " IN (SELECT 1)",
    " LIKE '%",
    "{0}",
)
ENDINGS = ("", " --", " /*", "#")
SQL = ["".join(parts) for parts in product(OPENINGS, BODIES, ENDINGS)]

# A formula is one after whatever spreadsheets pass over, and in whatever they take for another cell.
FORMULAS = (
    [sign + rest for sign in "=+-@\uff1d\uff0b\uff0d\uff20" for rest in ("1+1", "cmd|' /C calc'!A0", "SUM(A1:A9)", "")]
    + [before + "=HYPERLINK(A1)" for before in (" ", "  ", "\t", "\r", "\n", "\x00", "\x0b", "\x0c", "'", "''")]
    + [f"a{separator}{sign}1+1" for separator in ";\t\r\n" for sign in "=+-@"]
    + ["\ttext", "\rtext", "\ntext", "\x00text", "'text", "'%3D1", '"=1+1', 'a";=1+1', ",=1+1"]
)
ORDINARY = [
    "nurse",
    "",
    "/patients/7",
    "a=b",
    "a;b",
    "a-b@example.org",
    "1-2",
    "\u00e4\u00f6\u00fc \u65e5\u672c",
    'say "a"',
]
