-- After a failed send: looks, and sends again what is proved absent.
local attempt = require "nginx_proxy.writes.attempt"
local backoff = require "nginx_proxy.backoff"
local look = require "nginx_proxy.writes.look"
local look_at_object = require "nginx_proxy.writes.look_at_object"
local throttle = require "nginx_proxy.throttle"
local verdicts = require "nginx_proxy.writes.verdicts"

-- So long after a failure it is looked; and, when what was sent can no longer be written, so long after that, for a look
-- can fail as well. Seconds.
local AFTER_FAILURE = { 0.2, 1, 2.5 }
local AFTER_SETTLED = { 0, 0.4, 1.2 }

-- When to look, given the failure's time and the moment from which nothing that was sent can still be written.
local function moments(failed, settled)
    local found = {}
    for _, after in ipairs(AFTER_FAILURE) do
        if failed + after < settled then
            found[#found + 1] = failed + after
        end
    end
    if settled < math.huge then
        for _, after in ipairs(AFTER_SETTLED) do
            found[#found + 1] = math.max(failed, settled) + after
        end
    end
    return found
end

-- The last look's verdict. An absence that was seen too early is "absent" with `too_early`.
local function looks(made, failed, settled, stop)
    local verdict, detail
    for _, moment in ipairs(moments(failed, settled)) do
        if moment >= stop then
            break
        end
        local wait = moment - ngx.now()
        if wait > 0 then
            ngx.sleep(wait + 0.001)
        end
        if not throttle.is_open() then
            return "doubt", "throttled"
        end
        -- What is written while it looks may not be shown.
        local began = ngx.now()
        verdict, detail = (made.method == "PATCH" and look_at_object or look)(made)
        if verdict == "found" or (verdict == "absent" and began >= settled) then
            return verdict, detail
        end
    end
    if verdict == "doubt" then
        return verdict, detail
    end
    return "doubt", "may still be written"
end

-- Until when what was sent can still be written. The failure's time counts: a time-out is our end, not the API's.
local function settled_after(made, answer)
    local bound = made.verify.max_write_seconds
    if answer.kind == "not sent" then
        return 0
    elseif answer.kind == "final" then
        return answer.ended
    end
    return bound and answer.ended + bound or math.huge
end

-- The answer to give: the API's, or { found = text }.
return function(made, answer)
    local treatment = made.treatment
    local stop = made.arrived + treatment.deadline_seconds
    local settled = 0
    while answer.kind do
        settled = math.max(settled, settled_after(made, answer))
        if settled > 0 then
            local verdict, detail = looks(made, answer.ended, settled, stop)
            verdicts.reach(made, verdict, verdict == "doubt" and detail or nil)
            if verdict == "found" then
                return { found = detail }
            elseif verdict == "doubt" then
                return answer
            end
        end
        local wait = settled > 0 and 0 or backoff.seconds(treatment, #made.tries, nil)
        local left = stop - ngx.now() - wait
        if #made.tries >= treatment.attempts then
            made.note = "attempts"
            return answer
        elseif not throttle.is_open() then
            made.note = "throttled"
            return answer
        elseif left < treatment.shortest_try_seconds then
            made.note = "deadline"
            return answer
        end
        if wait >= 0.001 then
            ngx.sleep(wait)
            made.backoff = made.backoff + wait
        end
        answer = attempt.send(made)
    end
    return answer
end
