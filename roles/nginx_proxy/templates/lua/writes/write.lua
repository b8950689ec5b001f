-- A write that can be looked for: what it carries, and where it would be found.
local cjson = require "cjson.safe"

local write = {}

local LARGEST_BODY = 64 * 1024
-- Lua writes numbers with 14 digits.
local LARGEST_NUMBER = 1e14

-- Why a request cannot be looked for, as far as its head tells; nil when it may be.
function write.refusal(var)
    local length = tonumber(var.content_length)
    if (var.args or "") ~= "" then
        return "write with a query"
    elseif var.server_protocol == "HTTP/2.0" then
        -- Debian 12's ngx.location.capture refuses it.
        return "HTTP/2"
    elseif not length or length > LARGEST_BODY then
        return "body too large"
    elseif (var.http_content_encoding or "") ~= "" then
        return "body encoded"
    elseif not (var.content_type or ""):lower():find("json", 1, true) then
        return "body not JSON"
    end
end

local function is_scalar(value)
    local kind = type(value)
    return kind == "string" or kind == "boolean"
        or kind == "number" and math.abs(value) < LARGEST_NUMBER
end

-- Everything that a template's {name} stands for; nil when something is missing.
local function filled(template, values)
    local missing = false
    local text = template:gsub("{([^{}]*)}", function(name)
        local value = values[name]
        if value == nil then
            missing = true
            return ""
        end
        return name == "page" and value or ngx.escape_uri(tostring(value))
    end)
    return not missing and text or nil
end

-- The page of the list on which it would be.
function write.page_uri(made, number)
    return filled(made.verify.list, setmetatable({ page = tostring(number) }, { __index = made.fields }))
end

-- The write that a request is, or nil and why it cannot be looked for.
function write.read(treatment, method, uri, body)
    local object = cjson.decode(body or "")
    if type(object) ~= "table" then
        return nil, "body not JSON"
    end
    local verify, fields, parts = treatment.verify, {}, {}
    for _, name in ipairs(verify.match) do
        local value = object[name]
        if value ~= nil and is_scalar(value) then
            fields[name] = value
            local text = tostring(value)
            -- Without its type, as is_in compares: a write of 7 could be taken for one of "7".
            parts[#parts + 1] = #text .. ":" .. text
        elseif method == "POST" or value ~= nil then
            return nil, "field missing"
        end
    end
    -- Records of one list could answer for one another, by whichever route they come.
    local scope = verify.list or ""
    local made = {
        treatment = treatment, verify = verify, scope = scope, method = method, fields = fields, uri = uri,
        key = scope .. ":" .. ngx.md5(table.concat(parts, "|")),
    }
    if method == "POST" then
        made.place = write.page_uri(made, 0)
        return made
    end
    -- What is not compared could be missing although all the rest is there.
    for name in pairs(object) do
        if fields[name] == nil then
            return nil, "field not compared"
        end
    end
    if next(fields) == nil then
        return nil, "field missing"
    end
    return made
end

-- Whether a record carries what the write wants. APIs turn texts of digits into numbers.
function write.is_in(made, record)
    for name, value in pairs(made.fields) do
        local found = record[name]
        local is_same = found == value or type(found) ~= type(value) and tostring(found) == tostring(value)
        if not is_same then
            return false
        end
    end
    return true
end

local function is_whole(value)
    return type(value) == "number" and value % 1 == 0
end

-- Whether a record cannot be this write, however the API rewrites texts and rounds: a whole number differs.
function write.is_plainly_another(made, record)
    for name, value in pairs(made.fields) do
        local found = tonumber(record[name])
        if is_whole(value) and is_whole(found) and found ~= value then
            return true
        end
    end
    return false
end

return write
