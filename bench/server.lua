-- Reports of seven tenants in four currencies for three years, one after the other; made before anything is
-- timed.
local requests, last = {}, 0

function init()
    for _, tenant in ipairs({"acme", "tenant-07", "globex", "tenant-19", "initech", "tenant-33", "umbrella"}) do
        for _, currency in ipairs({"EUR", "USD", "GBP", "JPY"}) do
            for year = 2023, 2025 do
                table.insert(requests, wrk.format("GET", "/revenue?year=" .. year,
                    {["X-Tenant"] = tenant, ["X-Currency"] = currency}))
            end
        end
    end
end

function request()
    last = last % #requests + 1
    return requests[last]
end
