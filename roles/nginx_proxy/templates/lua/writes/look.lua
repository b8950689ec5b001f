-- Whether a POST that failed took effect: "found" with the record's text, "absent", or "doubt" and why.
-- docs/verified-writes.md has the rules, tests/unit/stand_ins/writes_model.py what each of them prevents.
local control = require "nginx_proxy.writes.control"
local credits = require "nginx_proxy.writes.credits"
local reading = require "nginx_proxy.writes.reading"
local turns = require "nginx_proxy.writes.turns"
local vendor_clock = require "nginx_proxy.writes.vendor_clock"
local write = require "nginx_proxy.writes.write"

-- Seconds. An equal record is another's only when it is so much older than the write; a different one may be the write,
-- in other words, when it is younger than that.
local GUARD, GUARD_OF_DIFFERENT = 60, 5
-- How far a list's times may run backwards: the API may have several clocks.
local DISORDER = 2
local MOST_PAGES = 3

-- How long before the first send a record was made, at least; nil while the API's clock is unknown.
local function age(made, time, finest, least)
    return least and made.first_sent + least - finest - time
end

-- One record: goes into `seen` as what it may be. False when it cannot be understood.
local function weigh(made, record, text, seen)
    local time, finest = vendor_clock.parse(record.created_at)
    if not time or record.id == nil then
        seen.reason = "answer not understood"
        return false
    elseif seen.last and time > seen.last + DISORDER then
        seen.reason = "not newest first"
        return false
    end
    seen.last = time
    credits.saw(made.scope, record.id)
    local old = age(made, time, finest, seen.least)
    local number = tonumber(record.id)
    local was_known = number ~= nil and made.largest_id ~= nil and number <= made.largest_id
    local is_new = number ~= nil and made.largest_id ~= nil and number > made.largest_id
    -- By the clock alone, or by the clock and the id: neither may be trusted as far as both.
    seen.reaches_back = old ~= nil and (old > GUARD or (was_known and old > GUARD_OF_DIFFERENT))
    if credits.is_taken(made.scope, record.id) then
        control.passed(made)
    elseif write.is_in(made, record) then
        -- One with a new id may be this write's by a clock that was never seen before. Without a clock any may be old.
        if old == nil or old <= GUARD or is_new then
            seen.equal[#seen.equal + 1] = { id = record.id, text = text, time = time, is_older = old == nil or old > 0 }
        end
    elseif (old == nil or old <= GUARD_OF_DIFFERENT) and not write.is_plainly_another(made, record) then
        seen.may_be_rewritten = true
    end
    return true
end

-- Newest first, until the records are old enough or there are no more.
local function pages(made, seen)
    for number = 1, made.verify.has_pages and MOST_PAGES or 1 do
        local records, texts = reading.list(made, write.page_uri(made, number))
        if not records then
            seen.reason = "not read"
            return
        elseif #records == 0 then
            seen.reaches_back = true
            return
        end
        for index, record in ipairs(records) do
            if type(record) ~= "table" or not weigh(made, record, texts[index], seen) then
                seen.reason = seen.reason or "answer not understood"
                return
            elseif seen.reaches_back then
                return
            end
        end
    end
end

-- The oldest equal record. By the API's clock it must not be older than the write, and newer by that or by its id.
local function credit(made, seen)
    local record = seen.equal[#seen.equal]
    local number = tonumber(record.id)
    local is_newer = seen.most and record.time > made.first_sent + seen.most
        or number and made.largest_id and number > made.largest_id
    if record.is_older or not is_newer then
        return "doubt", "may be older"
    elseif made.in_place_of_another or made.sent_soon_after_start or credits.are_missing() then
        return "doubt", "may be another's"
    elseif not credits.take(made.scope, record.id, made.id) then
        -- Never "absent": another took it just now, and this one's own may be hidden behind it.
        return "doubt", "may be another's"
    end
    return "found", record.text
end

return function(made)
    local seen = { equal = {} }
    seen.least, seen.most = vendor_clock.offset()
    pages(made, seen)
    if seen.reason then
        return "doubt", seen.reason
    elseif turns.was_broken(made.key) then
        return "doubt", "identical write"
    elseif #seen.equal > 0 then
        return credit(made, seen)
    elseif not seen.reaches_back then
        return "doubt", "list too long"
    elseif seen.may_be_rewritten then
        return "doubt", "may be rewritten"
    elseif not control.holds(made) then
        return "doubt", "reading not proved"
    end
    return "absent"
end
