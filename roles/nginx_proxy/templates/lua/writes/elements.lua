-- The raw text of each element of a JSON list of objects: a record reaches the user as the API wrote it.
local QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE = 34, 92, 91, 93, 123, 125

-- The position of a string's closing quote.
local function string_end(text, position)
    while true do
        position = position + 1
        local byte = text:byte(position)
        if byte == BACKSLASH then
            position = position + 1
        elseif byte == QUOTE or not byte then
            return position
        end
    end
end

-- `text` is valid JSON.
local function elements(text)
    local found, depth, from, position = {}, 0, nil, 0
    while true do
        position = text:find('["%[%]{}]', position + 1)
        if not position then
            return found
        end
        local byte = text:byte(position)
        if byte == QUOTE then
            position = string_end(text, position)
        elseif byte == OPEN_LIST or byte == OPEN then
            depth = depth + 1
            if depth == 2 then
                from = position
            end
        elseif byte == CLOSE_LIST or byte == CLOSE then
            if depth == 2 then
                found[#found + 1] = text:sub(from, position)
            end
            depth = depth - 1
        end
    end
end

return elements
