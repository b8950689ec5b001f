-- What the user gets: the API's answer, status, headers and body, or the record that was found.
local OF_THE_CONNECTION = {
    ["connection"] = true, ["keep-alive"] = true, ["transfer-encoding"] = true, ["content-length"] = true,
}

return function(made, answer, found_status)
    if answer.found then
        ngx.status = found_status
        ngx.header["Content-Type"] = made.content_type
        ngx.header["Content-Length"] = #answer.found
        return ngx.print(answer.found)
    elseif not answer.answered or answer.truncated then
        -- NGINX's own error page.
        return ngx.exit(answer.truncated and 502 or answer.status)
    end
    ngx.status = answer.status
    for name, value in pairs(answer.header) do
        if not OF_THE_CONNECTION[name:lower()] then
            ngx.header[name] = value
        end
    end
    if answer.status ~= 204 and answer.status ~= 304 then
        ngx.header["Content-Length"] = #answer.body
    end
    return ngx.print(answer.body)
end
