-- wrk -s wrk.lua URL -- DEPTH keep-alive|close
--
-- Posts `DEPTH` requests in one write (1 is no pipelining) and prints one line of JSON for load.js.

local percentiles = { 50, 75, 90, 99, 99.9, 99.99 }

function init(args)
  local depth, connection = tonumber(args[1]), args[2]
  wrk.method = 'POST'
  if connection == 'close' then wrk.headers['Connection'] = 'close' end
  -- Without a `request` of ours wrk repeats one request without asking Lua.
  if depth > 1 then
    local batch = string.rep(wrk.format(), depth)
    request = function() return batch end
  end
end

function done(summary, latency)
  local at = {}
  for _, p in ipairs(percentiles) do
    at[#at + 1] = string.format('"%g":%d', p, latency:percentile(p))
  end
  local e = summary.errors
  print(string.format('{"requests":%d,"microseconds":%d,"failed":%d,"cut":%d,"latency":{%s,"max":%d}}',
    summary.requests, summary.duration, e.connect + e.write + e.timeout + e.status, e.read,
    table.concat(at, ','), latency.max))
end
