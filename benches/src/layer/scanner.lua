-- A scanner beside ordinary load: every second request has a method, a path and a host that nobody sent before.
-- The first is an ordinary one: wrk looks at it, and knows only the usual methods.
local n = -1

function request()
    n = n + 1
    if n % 2 == 0 then
        return wrk.format()
    end
    local k = (n + 1) / 2
    local path = k % 2 == 0 and "/users/" .. k or "/admin/" .. k .. "/setup.php"
    return wrk.format("SCAN" .. k, path, { Host = "host-" .. k .. ".example" })
end
