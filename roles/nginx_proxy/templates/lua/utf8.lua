-- Values for the log, which strict parsers read as UTF-8.
local utf8 = {}

local function continues(byte, from, to)
    return byte and byte >= (from or 0x80) and byte <= (to or 0xBF)
end

-- The length of the well-formed sequence that begins at a position (Unicode 16, table 3-7), or nil.
local function length(text, position)
    local first, second, third, fourth = text:byte(position, position + 3)
    if first >= 0xC2 and first <= 0xDF then
        return continues(second) and 2
    elseif first >= 0xE0 and first <= 0xEF then
        local from, to = first == 0xE0 and 0xA0, first == 0xED and 0x9F
        return continues(second, from or nil, to or nil) and continues(third) and 3
    elseif first >= 0xF0 and first <= 0xF4 then
        local from, to = first == 0xF0 and 0x90, first == 0xF4 and 0x8F
        return continues(second, from or nil, to or nil) and continues(third) and continues(fourth) and 4
    end
end

-- Each byte that belongs to no character becomes \xNN.
function utf8.escaped(text)
    local parts, position = {}, 1
    while true do
        local odd = text:find("[\128-\255]", position)
        if not odd then
            parts[#parts + 1] = text:sub(position)
            return table.concat(parts)
        end
        parts[#parts + 1] = text:sub(position, odd - 1)
        local good = length(text, odd)
        parts[#parts + 1] = good and text:sub(odd, odd + good - 1) or ("\\x%02X"):format(text:byte(odd))
        position = odd + (good or 1)
    end
end

return utf8
