-- Each try of a request is a location of NGINX, @first, @again or @last; the functions here choose the next one.
--
-- NGINX must know before a try whether its error answer is to be kept from the user: @first and @again catch it, and so
-- promise another try; @last does not. An answer is caught only when there will be another try.
--
-- What is known of a request is kept in variables: ngx.ctx is wiped on the way from location to location.
local policy = require "nginx_proxy.policy"
local backoff = require "nginx_proxy.backoff"
local chain = require "nginx_proxy.chain"
local deadline = require "nginx_proxy.deadline"
local evidence = require "nginx_proxy.evidence"
local stale = require "nginx_proxy.stale"
local throttle = require "nginx_proxy.throttle"
local balancer = require "ngx.balancer"
local shared = ngx.shared.nginx_proxy

local retry = {}

-- Most requests are ordinary: one try, a good answer, a full throttle, nothing to tell. The others are marked as special:
-- at their end the throttle and the log need a closer look.
local function mark(var)
    var.nginx_proxy_special = 1
end

-- Why there was no further try, for the log.
local function note(var, reason)
    var.nginx_proxy_note = reason
    mark(var)
end

local function treatment_of(var)
    return policy.treatments[var.nginx_proxy_treatment]
end

-- The location of a request's first try, without the @.
function retry.first()
    local var = ngx.var
    local treatment = treatment_of(var)
    if (tonumber(var.content_length) or 0) > policy.largest_kept_body then
        note(var, "body too large")
        return "streamed"
    end
    local cache = stale.prepare(treatment, var)
    if cache ~= "" then
        -- A good answer may hide a failed try.
        mark(var)
    end
    if treatment.class == "once" then
        if treatment.verify then
            local reason = require("nginx_proxy.writes.write").refusal(var)
            if not reason then
                return "verified"
            end
            note(var, reason)
        end
        if treatment.attempts > 1 then
            return treatment.own_timeouts and "once_again" or "once"
        end
    elseif treatment.attempts > 1 and throttle.is_open() then
        return (treatment.own_timeouts and "again" or "first") .. cache
    end
    if treatment.attempts > 1 then
        note(var, "throttled")
    end
    if treatment.own_timeouts or cache ~= "" then
        return "only" .. cache
    end
    return "never"
end

-- No further try: an error of NGINX's own.
local function give_up(var, status, reason)
    note(var, reason)
    var.nginx_proxy_failure = status
    return ngx.exec("@failed")
end

-- A kept answer, which NGINX gives when one try more has failed; nil where none is kept. The try gets what is left of the
-- deadline after so many seconds, and be it next to nothing.
local function give_kept(var, treatment, passed)
    if var.nginx_proxy_cache ~= "" then
        var.nginx_proxy_left = math.max(treatment.shortest_try_seconds, treatment.deadline_seconds - passed)
        return ngx.exec("@last" .. var.nginx_proxy_cache)
    end
end

-- The deadline begins when the request is there.
local function begin(var, treatment)
    -- Also when there is no room for the body: NGINX's error comes here again.
    var.nginx_proxy_started = ngx.now()
    ngx.req.read_body()
    var.nginx_proxy_started = ngx.now()
    var.nginx_proxy_left = treatment.deadline_seconds
end

-- @only, before the one try of a request whose time-outs its route says.
function retry.only()
    return begin(ngx.var, treatment_of(ngx.var))
end

-- @again and @once_again, before their try. They are reached when a try has failed; where a route has time-outs of its
-- own, which the others do not know, for the first try too.
function retry.again()
    local var = ngx.var
    local treatment = treatment_of(var)
    local tries = chain.length(var.upstream_status)
    if tries == 0 and treatment.own_timeouts and var.nginx_proxy_started == "" then
        return begin(var, treatment)
    end
    if tries == (tonumber(var.nginx_proxy_counted) or 0) then
        -- NGINX's own trouble, such as no room for the body.
        return give_up(var, 500, "not tried")
    end
    throttle.failed()
    var.nginx_proxy_counted = tries
    mark(var)

    local now = ngx.now()
    local started = tonumber(var.nginx_proxy_started)
        or now - (tonumber(chain.last(var.upstream_response_time)) or 0)
    var.nginx_proxy_started = started
    local status = tonumber(chain.last(var.upstream_status)) or 502
    local answered = chain.last(var.upstream_header_time) ~= "-"
    if not answered then
        if tries >= treatment.attempts then
            return give_up(var, status, "attempts")
        elseif treatment.class == "once" and chain.last(var.upstream_bytes_sent) ~= "0" then
            return give_up(var, status, "sent")
        elseif not throttle.is_open() then
            return give_kept(var, treatment, now - started) or give_up(var, status, "throttled")
        end
    end

    local wait = backoff.seconds(treatment, tries, answered and var.upstream_http_retry_after)
    local left = started + treatment.deadline_seconds - now - wait
    if left < treatment.shortest_try_seconds then
        return give_kept(var, treatment, now - started) or give_up(var, status, "deadline")
    end
    -- Less is ngx.sleep(0), which warns.
    if wait >= 0.001 then
        ngx.sleep(wait)
        var.nginx_proxy_backoff = ("%.3f"):format((tonumber(var.nginx_proxy_backoff) or 0) + wait)
    end
    var.nginx_proxy_left = left
    shared:incr("retries", 1, 0)

    local promised = tries + 1 < treatment.attempts
        and throttle.is_open()
        and deadline.fits_another(treatment, left, backoff.longest(treatment, tries + 1))
    if treatment.class ~= "once" and not promised then
        return ngx.exec("@last" .. var.nginx_proxy_cache)
    end
end

-- The balancer of every try but the first: its time-outs are what the deadline leaves.
function retry.limit()
    local var = ngx.var
    local left = tonumber(var.nginx_proxy_left)
    if left then
        local connect, answer = deadline.timeouts(treatment_of(var), left)
        balancer.set_timeouts(connect, answer, answer)
    end
end

-- @failed: NGINX's own error page, with what the upstream said about coming again.
function retry.fail()
    ngx.header["Retry-After"] = ngx.var.upstream_http_retry_after
    return ngx.exit(tonumber(ngx.var.nginx_proxy_failure))
end

local function is_good(status)
    return status >= 200 and status < 499 and not policy.failures[status]
end

-- A request's end: its last try has not been counted yet. A good try changes nothing while the throttle is full.
function retry.finish()
    local var = ngx.var
    local level = throttle.level()
    if level >= policy.throttle.capacity and is_good(ngx.status) and var.nginx_proxy_special == "" then
        return
    end
    mark(var)
    evidence.clean(var)
    local statuses = var.upstream_status
    if statuses then
        local last = chain.last(statuses)
        if policy.failures[tonumber(last)] then
            if chain.length(statuses) > (tonumber(var.nginx_proxy_counted) or 0) then
                throttle.failed()
                level = throttle.level()
            end
        elseif last ~= "499" and last ~= "-" then
            level = throttle.succeeded()
        end
    end
    if level < policy.throttle.capacity then
        var.nginx_proxy_throttle = ("%.2f"):format(level / policy.throttle.capacity)
    end
end

return retry
