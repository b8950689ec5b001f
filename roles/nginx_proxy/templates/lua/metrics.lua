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
    for _, value in ipairs(values) do
        ngx.print(("# TYPE nginx_proxy_%s %s\nnginx_proxy_%s %s\n"):format(value[1], value[2], value[1], value[3]))
    end
end

return metrics
