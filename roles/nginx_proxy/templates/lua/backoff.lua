-- How long to wait before a try, in seconds.
local backoff = {}

-- The most that backoff.seconds() adds to Retry-After, after so many failed tries.
function backoff.longest(treatment, failures)
    return treatment.backoff_max_seconds[failures]
end

-- Drawn evenly from 0 to the longest ("full jitter"), so that requests that failed together do not come back together.
-- What the upstream asked for comes on top. Only whole seconds are understood, not the date that HTTP also allows.
function backoff.seconds(treatment, failures, retry_after)
    local asked = retry_after and retry_after:match("^%s*(%d+)%s*$")
    return (tonumber(asked) or 0) + math.random() * backoff.longest(treatment, failures)
end

return backoff
