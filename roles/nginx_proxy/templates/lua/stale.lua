-- Answers kept for the user who got them.
local policy = require "nginx_proxy.policy"

local stale = {}

-- Credentials are in the key, and NGINX writes keys to the cache's files: only a digest, which nobody can test guesses
-- against. Made before the workers are forked, so that they agree on it.
local secret
if policy.keeps_answers then
    local random = assert(io.open("/dev/urandom", "rb"))
    secret = random:read(32)
    random:close()
end

-- Whose answer, and to what; and the locations that keep it: "_60" for @first_60 and so on, "" for none. A request
-- without credentials is not for the cache, nor is one for a part of an answer or under a condition.
function stale.prepare(treatment, var)
    if not treatment.ttl_seconds then
        return ""
    end
    local user, cookie = var.http_authorization, var.http_cookie
    if not (user or cookie) or var.http_range or var.http_if_none_match or var.http_if_modified_since then
        return ""
    end
    local parts = {
        user or "", cookie or "", var.http_host or "", var.request_uri, var.http_accept or "",
        var.http_accept_encoding or "", var.http_accept_language or "",
    }
    var.nginx_proxy_cache_key = ngx.encode_base64(ngx.hmac_sha1(secret, table.concat(parts, "\0")))
    var.nginx_proxy_cache = "_" .. treatment.ttl_seconds
    return var.nginx_proxy_cache
end

-- Says of an answer from the cache how old it is: Age, and Cache-Status (RFC 9211), whose ttl is negative when stale.
function stale.mark()
    local var = ngx.var
    local came = var.upstream_cache_status
    if came == "HIT" or came == "STALE" then
        local date = ngx.parse_http_time(var.upstream_http_date or "")
        local age = math.max(0, ngx.time() - (date or ngx.time()))
        local ttl = policy.treatments[var.nginx_proxy_treatment].ttl_seconds - age
        ngx.header["Age"] = age
        ngx.header["Cache-Status"] = ("nginx-proxy; hit; ttl=%d"):format(ttl)
    end
end

return stale
