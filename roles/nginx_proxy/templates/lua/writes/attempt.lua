-- One send of a write, by a subrequest that NGINX proxies as any other, and what its failure means.
local deadline = require "nginx_proxy.deadline"
local policy = require "nginx_proxy.policy"
local throttle = require "nginx_proxy.throttle"
local balancer = require "ngx.balancer"
local shared = ngx.shared.nginx_proxy

local attempt = {}

-- An application's own error comes soon; a later one may be the word of something in between.
local SOON = 5

-- In the subrequest, when its answer's head is there: NGINX's record of the try.
function attempt.note()
    local var, seen = ngx.var, ngx.ctx
    seen.noted = true
    seen.status, seen.bytes_sent = var.upstream_status, var.upstream_bytes_sent
    seen.connect_time, seen.header_time = var.upstream_connect_time, var.upstream_header_time
end

-- The subrequest's balancer: its time-outs are what the deadline leaves.
function attempt.limit()
    local connect, answer = deadline.timeouts(ngx.ctx.treatment, ngx.ctx.left)
    balancer.set_timeouts(connect, answer, answer)
end

-- "not sent": not a byte left. "final": the application itself failed. "open": it may still be writing. Nil for an answer
-- that is no failure.
local function kind(made, answer, seen, seconds)
    if not policy.failures[answer.status] and not answer.truncated then
        return nil
    elseif seen.noted and not answer.answered and seen.bytes_sent == "0" then
        return "not sent"
    elseif made.verify.app_errors_are_final and answer.answered and answer.status == 500 and seconds < SOON
        and (answer.header["Content-Type"] or ""):find("^application/json") then
        return "final"
    end
    return "open"
end

function attempt.send(made)
    local sent = ngx.now()
    local seen = { treatment = made.treatment, left = made.arrived + made.treatment.deadline_seconds - sent }
    shared:incr("writes_sent", 1, 0)
    -- Made when first asked for, and else each subrequest would make its own.
    local _ = ngx.var.nginx_proxy_upstream_request_id, ngx.var.nginx_proxy_traceparent
    local answer = ngx.location.capture("/.nginx-proxy/send", {
        method = made.method == "PATCH" and ngx.HTTP_PATCH or ngx.HTTP_POST,
        always_forward_body = true, copy_all_vars = true, ctx = seen,
    })
    ngx.update_time()
    answer.sent, answer.ended = sent, ngx.now()
    answer.answered = seen.noted and (seen.header_time or "-") ~= "-"
    answer.kind = kind(made, answer, seen, answer.ended - sent)
    if answer.kind then
        throttle.failed()
    else
        throttle.succeeded()
    end
    made.tries[#made.tries + 1] = {
        status = seen.status or answer.status, connect = seen.connect_time or "-", header = seen.header_time or "-",
        seconds = ("%.3f"):format(answer.ended - sent),
    }
    return answer
end

return attempt
