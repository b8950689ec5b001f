-- Asking the API as the user, beside a request: a list's page, or an object.
local cjson = require "cjson.safe"
local elements = require "nginx_proxy.writes.elements"
local policy = require "nginx_proxy.policy"
local throttle = require "nginx_proxy.throttle"
local shared = ngx.shared.nginx_proxy

local reading = {}

-- What was read, and its text; nil when that failed.
function reading.get(made, uri)
    local left = made.arrived + made.treatment.deadline_seconds - ngx.now()
    if left < 0.1 then
        return nil
    end
    shared:incr("looks", 1, 0)
    made.looks = made.looks + 1
    local answer = ngx.location.capture("/.nginx-proxy/look", {
        method = ngx.HTTP_GET, copy_all_vars = true,
        vars = {
            nginx_proxy_look_uri = uri,
            nginx_proxy_look_id = ("%s-look-%d"):format(ngx.var.nginx_proxy_upstream_request_id, made.looks),
        },
        ctx = { treatment = made.treatment, left = left },
    })
    if policy.failures[answer.status] then
        throttle.failed()
        return nil
    end
    -- A good one gives the throttle nothing back: an API that reads and does not write would be asked without end.
    if answer.status ~= 200 or answer.truncated then
        return nil
    end
    made.content_type = answer.header["Content-Type"]
    return cjson.decode(answer.body), answer.body
end

-- A list's records, with the raw text of each; nil when there is no list.
function reading.list(made, uri)
    local records, text = reading.get(made, uri)
    if type(records) ~= "table" or not text:find("^%s*%[") then
        return nil
    end
    local texts = elements(text)
    if #texts ~= #records then
        return nil
    end
    return records, texts
end

return reading
