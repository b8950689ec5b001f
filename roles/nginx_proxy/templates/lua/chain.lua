-- NGINX's record of a request's tries: "503, 502 : 200", with commas inside one location and colons between them.
local chain = {}

-- Nearly every request has one try. Patterns, which are slow, are for the others.
local function is_one(values)
    return not (values:find(",", 1, true) or values:find(":", 1, true))
end

-- The last try's value, a string.
function chain.last(values)
    if not values or values == "" then
        return nil
    elseif is_one(values) then
        return values
    end
    return values:match("([^%s,:]+)[%s,:]*$")
end

-- How many tries there were.
function chain.length(values)
    if not values or values == "" then
        return 0
    elseif is_one(values) then
        return 1
    end
    local _, count = values:gsub("[^%s,:]+", "")
    return count
end

return chain
