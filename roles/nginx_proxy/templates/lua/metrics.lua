-- The throttle's state and the counts since NGINX was started, for Prometheus.
local policy = require "nginx_proxy.policy"
local throttle = require "nginx_proxy.throttle"
local shared = ngx.shared.nginx_proxy

local metrics = {}

function metrics.print()
    local values = {
        { "throttle_tokens", "gauge", throttle.level() },
        { "throttle_capacity_tokens", "gauge", policy.throttle.capacity },
        { "throttle_open", "gauge", throttle.is_open() and 1 or 0 },
        { "failed_tries_total", "counter", shared:get("failed_tries") or 0 },
        { "retries_total", "counter", shared:get("retries") or 0 },
    }
    ngx.header["Content-Type"] = "text/plain; version=0.0.4"
    if policy.verifies then
        local credits = require "nginx_proxy.writes.credits"
        values[#values + 1] = { "knows_writes", "gauge", credits.are_new() and 0 or 1 }
        values[#values + 1] = { "writes_sent_total", "counter", shared:get("writes_sent") or 0 }
        values[#values + 1] = { "looks_total", "counter", shared:get("looks") or 0 }
    end
    for _, value in ipairs(values) do
        ngx.print(("# TYPE nginx_proxy_%s %s\nnginx_proxy_%s %s\n"):format(value[1], value[2], value[1], value[3]))
    end
    if policy.verifies then
        ngx.print("# TYPE nginx_proxy_verdicts_total counter\n")
        for _, count in ipairs(require("nginx_proxy.writes.verdicts").counts()) do
            ngx.print(("nginx_proxy_verdicts_total%s %s\n"):format(count[1], count[2]))
        end
    end
end

return metrics
