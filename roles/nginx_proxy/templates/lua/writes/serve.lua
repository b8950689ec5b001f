-- A request whose write can be looked for: from its arrival to its answer.
local attempt = require "nginx_proxy.writes.attempt"
local chain = require "nginx_proxy.chain"
local control = require "nginx_proxy.writes.control"
local credits = require "nginx_proxy.writes.credits"
local evidence = require "nginx_proxy.evidence"
local peers = require "nginx_proxy.writes.peers"
local policy = require "nginx_proxy.policy"
local pursuit = require "nginx_proxy.writes.pursuit"
local reply = require "nginx_proxy.writes.reply"
local throttle = require "nginx_proxy.throttle"
local turns = require "nginx_proxy.writes.turns"
local vendor_clock = require "nginx_proxy.writes.vendor_clock"
local write = require "nginx_proxy.writes.write"
local cjson = require "cjson.safe"

local serve = {}

-- The record that the API answered with is this request's.
local function settle(made, answer)
    local record = made.method == "POST" and answer.status < 300 and cjson.decode(answer.body)
    if type(record) ~= "table" or record.id == nil then
        return
    end
    credits.take(made.scope, record.id, made.id)
    credits.saw(made.scope, record.id)
    control.remember(made, record.id, write.page_uri(made, 1))
    vendor_clock.learn(record.created_at, answer.sent, answer.ended)
end

local function is_found(made, answer)
    return answer.found and (made.method == "PATCH" and 200 or 201)
end

-- Sends, and sees to what follows. Whatever fails in here, the turn is given back.
local function carry_out(made)
    ngx.update_time()
    made.first_sent, made.largest_id = ngx.now(), credits.largest(made.scope)
    made.sent_soon_after_start = credits.are_new()
    local answer = attempt.send(made)
    if answer.kind then
        answer = pursuit(made, answer)
    end
    if not answer.found and not answer.kind then
        settle(made, answer)
    end
    return answer
end

local function log(var, made)
    local statuses, connects, headers, seconds = {}, {}, {}, {}
    for number, try in ipairs(made.tries) do
        statuses[number], connects[number] = try.status, try.connect
        headers[number], seconds[number] = try.header, try.seconds
    end
    var.nginx_proxy_statuses = table.concat(statuses, " : ")
    var.nginx_proxy_connects = table.concat(connects, " : ")
    var.nginx_proxy_headers = table.concat(headers, " : ")
    var.nginx_proxy_seconds = table.concat(seconds, " : ")
    var.nginx_proxy_looks = made.looks
    var.nginx_proxy_verdicts = table.concat(made.verdicts, " : ")
    var.nginx_proxy_note = made.note or ""
    if made.backoff > 0 then
        var.nginx_proxy_backoff = ("%.3f"):format(made.backoff)
    end
end

-- Without looking, as any other write.
local function as_once(var, treatment, reason)
    var.nginx_proxy_note = reason
    var.nginx_proxy_special = 1
    return ngx.exec(treatment.own_timeouts and "@once_again" or "@once")
end

-- Whose write it is: nil when it is served here, else the proxy that it goes to.
local function another(made, var)
    if made.method ~= "POST" then
        return nil
    end
    local owner = peers.owner(made.place)
    if owner == policy.name then
        return nil
    elseif var.nginx_proxy_is_peer == "1" or peers.is_away(owner) then
        made.in_place_of_another = true
        return nil
    end
    return owner
end

-- @verified
function serve.content()
    ngx.req.read_body()
    local var = ngx.var
    local treatment = policy.treatments[var.nginx_proxy_treatment]
    local made, reason = write.read(treatment, ngx.req.get_method(), var.request_uri, ngx.req.get_body_data())
    if not made then
        return as_once(var, treatment, reason)
    end
    local owner = another(made, var)
    if owner then
        var.nginx_proxy_peer = owner
        return ngx.exec("@peer")
    end
    made.id, made.arrived = var.request_id, ngx.now()
    -- By what the API may know one.
    made.user = (var.http_authorization or "") .. "\n" .. (var.http_cookie or "")
    made.looks, made.backoff, made.tries, made.verdicts = 0, 0, {}, {}
    local has_turn = made.method ~= "POST" or turns.take(made.key, made.id, treatment.deadline_seconds)
    if not has_turn then
        return as_once(var, treatment, "identical write")
    end
    local done, answer = pcall(carry_out, made)
    turns.give_back(made.key, made.id)
    log(var, made)
    if not done then
        ngx.log(ngx.CRIT, "a verified write was given up: ", answer)
        return ngx.exit(500)
    end
    return reply(made, answer, is_found(made, answer))
end

-- When the proxy that a write belongs to could not be asked: served here as long as nothing was sent.
function serve.unreached()
    local var = ngx.var
    if chain.last(var.upstream_bytes_sent) == "0" then
        peers.is_gone(var.nginx_proxy_peer)
        return ngx.exec("@verified")
    end
    var.nginx_proxy_note = "proxy lost"
    return ngx.exit(tonumber(chain.last(var.upstream_status)) or 502)
end

-- At a request's end.
function serve.finish()
    evidence.clean(ngx.var)
    local level = throttle.level()
    if level < policy.throttle.capacity then
        ngx.var.nginx_proxy_throttle = ("%.2f"):format(level / policy.throttle.capacity)
    end
end

return serve
