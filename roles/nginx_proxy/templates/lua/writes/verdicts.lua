-- What looks found, counted for Prometheus and noted for the log.
local shared = ngx.shared.nginx_proxy

local verdicts = {}

-- Why there is doubt; docs/verified-writes.md says what each means.
verdicts.REASONS = {
    "not read", "answer not understood", "not newest first", "list too long", "identical write", "may be older",
    "may be another's", "may be rewritten", "changed by another", "reading not proved", "may still be written", "throttled",
}

function verdicts.reach(made, verdict, reason)
    made.verdicts[#made.verdicts + 1] = verdict
    made.note = reason
    shared:incr("verdict " .. (reason or verdict), 1, 0)
end

-- Lines of metrics: name, labels, value.
function verdicts.counts()
    local lines = {}
    for _, verdict in ipairs { "found", "absent" } do
        lines[#lines + 1] = { ('{verdict="%s"}'):format(verdict), shared:get("verdict " .. verdict) or 0 }
    end
    for _, reason in ipairs(verdicts.REASONS) do
        local labels = ('{verdict="doubt",reason="%s"}'):format(reason)
        lines[#lines + 1] = { labels, shared:get("verdict " .. reason) or 0 }
    end
    return lines
end

return verdicts
