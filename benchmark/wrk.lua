-- wrk -s wrk.lua URL -- DEPTH keep-alive|close [BODY [BAD BODY...]]
--
-- Posts `DEPTH` requests in one write (1 is no pipelining), the bodies in turn, and prints one line of JSON for
-- load.js.

local percentiles = { 50, 75, 90, 99, 99.9, 99.99 }

function init(args)
  local depth, connection = tonumber(args[1]), args[2]
  wrk.method = 'POST'
  if connection == 'close' then wrk.headers['Connection'] = 'close' end
  local batches = {}
  for i = 3, math.max(#args, 3) do
    if args[i] and args[i] ~= '' then
      wrk.headers['Content-Type'] = 'application/json'
      wrk.body = args[i]
    end
    batches[#batches + 1] = string.rep(wrk.format(), depth)
  end
  -- Without our `request` function, wrk repeats one request without calling Lua.
  if depth == 1 and #batches == 1 then return end
  local turn = 0
  request = function()
    turn = turn % #batches + 1
    return batches[turn]
  end
end

function done(summary, latency)
  local at = {}
  for _, p in ipairs(percentiles) do
    at[#at + 1] = string.format('"%g":%d', p, latency:percentile(p))
  end
  local e = summary.errors
  print(string.format('{"requests":%d,"refused":%d,"microseconds":%d,"unanswered":%d,"cut":%d,"latency":{%s,"max":%d}}',
    summary.requests, e.status, summary.duration, e.connect + e.write + e.timeout, e.read,
    table.concat(at, ','), latency.max))
end
