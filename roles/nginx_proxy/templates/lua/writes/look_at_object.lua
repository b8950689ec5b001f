-- Whether a PATCH that failed took effect: the object says it. "found" with its text, "absent" when it is unchanged for
-- certain, or "doubt" and why.
local reading = require "nginx_proxy.writes.reading"
local vendor_clock = require "nginx_proxy.writes.vendor_clock"
local write = require "nginx_proxy.writes.write"

local GUARD = 60

return function(made)
    local object, text = reading.get(made, made.uri)
    if type(object) ~= "table" or object.id == nil then
        return "doubt", "not read"
    elseif write.is_in(made, object) then
        return "found", text
    end
    local changed, finest = vendor_clock.parse(object.updated_at)
    local least = vendor_clock.offset()
    if not changed or not least then
        return "doubt", "may be older"
    elseif made.first_sent + least - finest - changed <= GUARD then
        return "doubt", "changed by another"
    end
    return "absent"
end
