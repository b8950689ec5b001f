-- Which request a record answers for: each for one at most.
local peers = require "nginx_proxy.writes.peers"
local policy = require "nginx_proxy.policy"
local shared = ngx.shared.nginx_proxy_writes
local turns = require "nginx_proxy.writes.turns"

local credits = {}

-- Longer than a record can be taken for a new one: the guard and the longest deadline that makes sense.
local SECONDS = 900

-- Whether the record is this request's now. Never pushes an older credit out.
function credits.take(scope, id, request_id)
    local taken, failure = shared:safe_add("credit:" .. scope .. ":" .. tostring(id), request_id, SECONDS)
    if failure == "no memory" then
        -- Until the records that could not be credited are old, none is believed.
        shared:set("credits_missing", true, SECONDS)
    end
    return taken
end

function credits.is_taken(scope, id)
    return shared:get("credit:" .. scope .. ":" .. tostring(id)) ~= nil
end

-- Whether there was no room for some.
function credits.are_missing()
    return shared:get("credits_missing") ~= nil
end

-- Whether the proxy started so recently that what it knew before could matter, or what others still do in its place: the
-- longest that such a request can be under way.
function credits.are_new()
    local longest = policy.longest_write_seconds + turns.PATIENCE + peers.AWAY
    return ngx.now() - (shared:get("started") or ngx.now()) <= longest
end

-- The largest id that was seen, of those that are numbers.
function credits.largest(scope)
    return shared:get("largest:" .. scope)
end

function credits.saw(scope, id)
    local number, largest = tonumber(id), credits.largest(scope)
    -- Another worker may put a smaller one there just now; the record's credit tells all the same.
    if number and (not largest or number > largest) then
        shared:set("largest:" .. scope, number)
    end
end

return credits
