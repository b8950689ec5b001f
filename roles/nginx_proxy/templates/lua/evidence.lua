-- What the access log says of a request, in bytes that a strict parser reads.
local utf8 = require "nginx_proxy.utf8"

local evidence = {}

function evidence.clean(var)
    for name, source in pairs { path = "nginx_proxy_path_sent", user = "remote_user", agent = "http_user_agent" } do
        var["nginx_proxy_clean_" .. name] = utf8.escaped(var[source] or "")
    end
end

return evidence
