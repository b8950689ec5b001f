-- One for all workers: tokens that failed tries take and good ones give back. Retrying stops while few are left, so that
-- an upstream that is down is not asked three times as often, and goes on when it answers again.
--
-- Only incr() changes a number that is there: a set() would undo what other workers count meanwhile.
local shared = ngx.shared.nginx_proxy
local size = require "nginx_proxy.policy".throttle
local SUCCESS = 0.5

local throttle = {}

-- Tokens, from size.floor to size.capacity.
function throttle.level()
    return shared:get("tokens") or size.capacity
end

function throttle.is_open()
    return throttle.level() > size.open_above
end

function throttle.failed()
    local level = shared:incr("tokens", -1, size.capacity)
    if level and level < size.floor then
        shared:incr("tokens", size.floor - level)
    end
    shared:incr("failed_tries", 1, 0)
end

-- The level that it leaves.
function throttle.succeeded()
    local level = throttle.level()
    -- Nothing is written while all is well.
    if level >= size.capacity then
        return level
    end
    level = shared:incr("tokens", SUCCESS, size.capacity) or level
    if level > size.capacity then
        level = shared:incr("tokens", size.capacity - level)
    end
    return level
end

return throttle
