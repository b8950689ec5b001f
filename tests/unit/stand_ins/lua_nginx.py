"""What the proxy's Lua sees of NGINX, in LuaJIT and in virtual time: one worker, whose subrequests Python answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lupa import luajit21

MODULES = Path(__file__).parents[3] / "roles" / "nginx_proxy" / "templates" / "lua"
NGINX = """
local now, md5, quoted, subrequest = ...
local function dictionary()
    local values = {}
    local shared = {}
    function shared:get(key) return values[key] end
    function shared:set(key, value) values[key] = value; return true end
    function shared:delete(key) values[key] = nil end
    function shared:add(key, value)
        if values[key] ~= nil then return false, "exists" end
        values[key] = value
        return true
    end
    shared.safe_add = shared.add
    function shared:incr(key, by, init) values[key] = (values[key] or init) + by; return values[key] end
    return shared
end
ngx = {
    shared = { nginx_proxy = dictionary(), nginx_proxy_writes = dictionary() },
    HTTP_GET = "GET", HTTP_POST = "POST", HTTP_PATCH = "PATCH",
    now = function() return now(0) end, sleep = function(seconds) now(seconds) end, update_time = function() end,
    md5 = md5, md5_bin = md5, escape_uri = quoted, var = { nginx_proxy_upstream_request_id = "request" },
}
ngx.location = { capture = function(uri, options) return subrequest(uri, options) end }
package.loaded["ngx.balancer"] = {}
"""


@dataclass(frozen=True)
class Subrequest:
    """`path` is the API's; `sends` tells a write from a look."""

    sends: bool
    path: str


@dataclass(frozen=True)
class Reply:
    """`answered` is False for an error of NGINX's own; then `sent_nothing` says whether a byte left."""

    status: int
    document: Any = None
    answered: bool = True
    sent_nothing: bool = False
    takes_seconds: float = 0.01


@dataclass
class Nginx:
    """`answer(subrequest)` is the API. `time` is now, `seen` what was asked."""

    answer: Callable[[Subrequest], Reply]
    time: float = 1_000_000.0
    seen: list[Subrequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lua = luajit21.LuaRuntime()
        self.lua.execute(NGINX, self._pass, self._md5, lambda text: quote(text, safe=""), self._subrequest)
        loaded = self.lua.globals().package.loaded
        loaded["cjson.safe"] = self.lua.table_from({"decode": self._decode})
        loaded["nginx_proxy.policy"] = self.table(
            {
                "name": "proxy1",
                "proxies": ["proxy1", "proxy2"],
                "longest_write_seconds": 12,
                "throttle": {"capacity": 100, "open_above": 50, "floor": 40},
                "failures": {500: True, 502: True, 503: True, 504: True},
            }
        )
        for name in ("backoff", "deadline", "throttle"):
            self._load(name)
        for name in ("write", "turns", "peers", "credits", "vendor_clock", "elements", "reading", "control", "look"):
            self._load(f"writes/{name}")
        for name in ("look_at_object", "attempt", "verdicts", "pursuit"):
            self._load(f"writes/{name}")

    def module(self, name: str) -> Any:
        return self.lua.globals().package.loaded[f"nginx_proxy.{name}"]

    def table(self, value: Any) -> Any:
        """Python's lists and dictionaries as Lua's tables."""
        if isinstance(value, dict):
            return self.lua.table_from({key: self.table(inner) for key, inner in value.items() if inner is not None})
        if isinstance(value, list):
            return self.lua.table_from([self.table(inner) for inner in value])
        return value

    def _load(self, path: str) -> None:
        module = self.lua.execute((MODULES / f"{path}.lua").read_text())
        self.lua.globals().package.loaded["nginx_proxy." + path.replace("/", ".")] = module

    def _pass(self, seconds: float) -> float:
        self.time += seconds
        return self.time

    @staticmethod
    def _md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    def _decode(self, text: str) -> Any:
        try:
            return self.table(json.loads(text))
        except ValueError:
            return None

    def _subrequest(self, uri: str, options: Any) -> Any:
        sends = uri == "/.nginx-proxy/send"
        asked = Subrequest(sends, "" if sends else options.vars.nginx_proxy_look_uri)
        self.seen.append(asked)
        reply = self.answer(asked)
        self.time += reply.takes_seconds
        if sends:
            options.ctx.noted = True
            options.ctx.header_time = "0.010" if reply.answered else "-"
            options.ctx.bytes_sent = "0" if reply.sent_nothing else "300"
            options.ctx.status = str(reply.status)
        headers = {"Content-Type": "application/json; charset=utf-8"}
        body = json.dumps(reply.document)
        return self.table({"status": reply.status, "header": headers, "body": body, "truncated": False})
