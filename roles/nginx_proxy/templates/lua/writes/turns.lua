-- Identical writes take turns on a proxy: one that was sent beside another could be found in its place.
local shared = ngx.shared.nginx_proxy_writes

local turns = {}

-- How long one waits for its turn, seconds.
turns.PATIENCE = 3
local SHORTEST_WAIT, LONGEST_WAIT = 0.005, 0.1

-- True, or false when the wait was too long: the write is then sent without its turn, and whoever has it is told.
function turns.take(key, id, seconds)
    local wait, patience = SHORTEST_WAIT, ngx.now() + turns.PATIENCE
    while not shared:add("turn:" .. key, id, seconds + turns.PATIENCE) do
        if ngx.now() > patience then
            shared:set("beside:" .. key, true, seconds + turns.PATIENCE)
            return false
        end
        ngx.sleep(wait)
        wait = math.min(2 * wait, LONGEST_WAIT)
    end
    return true
end

function turns.give_back(key, id)
    if shared:get("turn:" .. key) == id then
        shared:delete("turn:" .. key)
    end
end

-- Whether an identical write has been sent beside the one that has the turn.
function turns.was_broken(key)
    return shared:get("beside:" .. key) ~= nil
end

return turns
