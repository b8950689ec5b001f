-- How far the API's clock is from this host's, learned from what it said was made just now.
local shared = ngx.shared.nginx_proxy_writes

local vendor_clock = {}

-- Days from 1970 to a date (Howard Hinnant, days_from_civil).
local function days(year, month, day)
    if month <= 2 then
        year, month = year - 1, month + 12
    end
    return 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
        + math.floor((153 * month - 457) / 5) + day - 719469
end

-- Seconds, and the finest that the text can say. The zone is part of what is learned.
function vendor_clock.parse(text)
    if type(text) ~= "string" then
        return nil
    end
    local year, month, day, hour, minute, second, fraction =
        text:match("^(%d%d%d%d)-(%d%d)-(%d%d)[T ](%d%d):(%d%d):(%d%d)(%.?%d*)")
    if not year then
        return nil
    end
    local seconds = days(tonumber(year), tonumber(month), tonumber(day)) * 86400
        + hour * 3600 + minute * 60 + second + (tonumber("0" .. fraction) or 0)
    return seconds, 10 ^ -math.max(0, #fraction - 1)
end

local function widen(name, value, is_wider)
    local known = shared:get(name)
    if not known or is_wider(value, known) then
        shared:set(name, value, 180)
    end
end

-- A record that was made between two moments here. All are kept that the last one to two minutes brought: the API may have
-- several clocks.
function vendor_clock.learn(text, sent, received)
    local made, finest = vendor_clock.parse(text)
    if made then
        local minute = math.floor(received / 60)
        widen("least:" .. minute, made - received, function(a, b) return a < b end)
        widen("most:" .. minute, made + finest - sent, function(a, b) return a > b end)
    end
end

-- What to add to a moment here, at least and at most, to have it by the API's clock; nil while unknown.
function vendor_clock.offset()
    local minute = math.floor(ngx.now() / 60)
    local least, most
    for number = minute - 1, minute do
        local low, high = shared:get("least:" .. number), shared:get("most:" .. number)
        least = math.min(least or math.huge, low or math.huge)
        most = math.max(most or -math.huge, high or -math.huge)
    end
    if most == -math.huge then
        return nil
    end
    return least, most
end

return vendor_clock
