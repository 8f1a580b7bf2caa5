-- Places orders with wrk. Arguments: load, seconds to wait (0: none), card token.
local load, wait, card = nil, nil, nil
local threads = {}
statuses, confirmed = {}, 0

local function uuid4()
  return (("xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx"):gsub("x", function()
    return ("%x"):format(math.random(0, 15))
  end))
end

function setup(thread) table.insert(threads, thread) end

function init(arguments)
  math.randomseed(os.time() + tonumber(tostring({}):sub(8), 16) % 100000)
  load, wait, card = arguments[1], arguments[2], arguments[3]
end

local function line(sku) return ('{"sku": "P%d", "quantity": 1}'):format(sku) end

local function lines()
  if load == "hot" then return line(0) end
  if load == "fifty" then
    local all, first = {}, math.random(0, 99)
    for n = 0, 49 do all[n + 1] = line((first + n) % 100) end
    return table.concat(all, ", ")
  end
  local one = math.random(0, 99)
  return line(one) .. ", " .. line((one + math.random(1, 99)) % 100)
end

function request()
  local headers = { ["Content-Type"] = "application/json", ["Idempotency-Key"] = uuid4() }
  if wait ~= "0" then headers["Prefer"] = "wait=" .. wait end
  local body = ('{"lines": [%s], "card_token": "%s"}'):format(lines(), card)
  return wrk.format("POST", "/api/orders", headers, body)
end

function response(status, headers, body)
  statuses[status] = (statuses[status] or 0) + 1
  if body:find('"confirmed"', 1, true) then confirmed = confirmed + 1 end
end

function done(summary, latency)
  local answers, ended = {}, 0
  for _, thread in ipairs(threads) do
    ended = ended + thread:get("confirmed")
    for status, count in pairs(thread:get("statuses")) do
      table.insert(answers, ('"%d": %d'):format(status, count))
    end
  end
  local errors = summary.errors
  io.write(('RESULT {"seconds": %f, "p50_ms": %f, "p99_ms": %f, "confirmed": %d, '
    .. '"failed": %d, "answers": {%s}}\n'):format(summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, ended,
    errors.connect + errors.read + errors.write + errors.timeout,
    table.concat(answers, ", ")))
end
