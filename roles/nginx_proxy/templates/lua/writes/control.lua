-- That a user's reading shows what is there. Without it "nothing found" can mean "not allowed to see".
local credits = require "nginx_proxy.writes.credits"
local reading = require "nginx_proxy.writes.reading"
local shared = ngx.shared.nginx_proxy_writes

local control = {}

-- How long it holds, and how long a record is known to show it by, seconds.
local HOLDS, KNOWN = 60, 900

local function user(made)
    return made.scope .. ":" .. ngx.md5(made.user)
end

-- A list showed this user a record that is known to exist.
function control.passed(made)
    shared:set("reads:" .. user(made), true, HOLDS)
end

-- The user was answered with a record that is on this page.
function control.remember(made, id, uri)
    shared:set("last:" .. user(made), tostring(id) .. " " .. uri, KNOWN)
end

-- Whether the user's reading is proved; asks for the user's last record when it is not known.
function control.holds(made)
    if shared:get("reads:" .. user(made)) then
        return true
    end
    local id, uri = (shared:get("last:" .. user(made)) or ""):match("^(%S+) (.+)$")
    local records = id and reading.list(made, uri)
    for _, record in ipairs(records or {}) do
        if tostring(record.id) == id and credits.is_taken(made.scope, record.id) then
            control.passed(made)
            return true
        end
    end
    return false
end

return control
