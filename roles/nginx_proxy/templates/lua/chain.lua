-- NGINX's record of a request's tries: "503, 502 : 200", with commas inside one location and colons between them.
local chain = {}

-- The last try's value, a string.
function chain.last(values)
    return values and values:match("([^%s,:]+)[%s,:]*$")
end

-- How many tries there were.
function chain.length(values)
    local _, count = (values or ""):gsub("[^%s,:]+", "")
    return count
end

return chain
