-- Mixed tenants, currencies and years. Each request has an id that says what it asks for; each answer must
-- have an id that is open, and be of the tenant, the currency and the year in it. Now and then a tenant forgets
-- what is cached for it, so that there are loads all the time.
local tenants = {"acme", "globex", "initech", "umbrella", "tenant-07", "tenant-19", "tenant-33"}
local currencies = {"EUR", "USD", "GBP", "JPY"}
local threads = {}

function setup(thread)
    table.insert(threads, thread)
    thread:set("number", #threads)
end

function init()
    math.randomseed(number)
    open, sent, checked, wrong, example = {}, 0, 0, 0, ""
end

function request()
    local tenant = tenants[math.random(#tenants)]
    local currency = currencies[math.random(#currencies)]
    local year = math.random(2023, 2025)
    sent = sent + 1
    local id = string.format("%s.%s.%d.%d-%d", tenant, currency, year, number, sent)
    open[id] = true
    local headers = {["X-Tenant"] = tenant, ["X-Currency"] = currency, ["X-Request-Id"] = id,
                     ["X-User"] = "of-" .. tenant}
    if math.random(500) == 1 then
        return wrk.format("POST", "/invalidate", headers)
    end
    return wrk.format("GET", "/revenue?year=" .. year .. "&quarter=" .. math.random(4), headers)
end

local function is_right(status, headers, body)
    local id = headers["X-Request-Id"] or ""
    if status ~= 200 or not open[id] then
        return false
    end
    open[id] = nil
    if body == "invalidated\n" then
        return true
    end
    local tenant, currency, year = id:match("^([^.]+)%.([^.]+)%.(%d+)%.")
    return body:find('{"tenant":"' .. tenant .. '"', 1, true) == 1 and
        body:find('"currency":"' .. currency .. '"', 1, true) ~= nil and
        body:find('"year":' .. year .. ',', 1, true) ~= nil
end

function response(status, headers, body)
    checked = checked + 1
    if not is_right(status, headers, body) then
        wrong = wrong + 1
        example = string.format("%d %s %s", status, headers["X-Request-Id"] or "?", body:sub(1, 200))
    end
end

function done(summary)
    local all_checked, all_wrong, errors = 0, 0, summary.errors
    for _, thread in ipairs(threads) do
        all_checked = all_checked + thread:get("checked")
        all_wrong = all_wrong + thread:get("wrong")
        if thread:get("wrong") > 0 then
            print("wrong: " .. thread:get("example"))
        end
    end
    print(string.format("checked %d wrong %d failed %d", all_checked, all_wrong,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
