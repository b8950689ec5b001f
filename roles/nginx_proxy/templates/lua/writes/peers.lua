-- Writes that could answer for one another go to one proxy, so that turns and credits need not be shared.
local policy = require "nginx_proxy.policy"
local shared = ngx.shared.nginx_proxy_writes

local peers = {}

-- How long a proxy that could not be reached is not asked again, seconds.
peers.AWAY = 2

-- The proxy for a place: rendezvous hashing, which moves only the places of a proxy that comes or goes.
function peers.owner(place)
    local owner, highest = policy.name, nil
    for _, name in ipairs(policy.proxies) do
        local weight = ngx.md5_bin(name .. " " .. place)
        if not highest or weight > highest then
            owner, highest = name, weight
        end
    end
    return owner
end

function peers.is_away(name)
    return shared:get("away:" .. name) ~= nil
end

function peers.is_gone(name)
    shared:set("away:" .. name, true, peers.AWAY)
end

return peers
