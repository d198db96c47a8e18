-- Posts messages for wrk: `wrk -s messages.lua URL -- PLACES TEXTS THREADS PAUSE`.
-- PLACES has a line "path<tab>token" for each conversation, TEXTS a JSON string a line; each of the
-- THREADS of wrk takes its own share of the places in turn, and a text by chance, so that none goes
-- to the same places again and again. PAUSE is the mean of the exponentially distributed
-- milliseconds between an answer and the connection's next message, 0 for none.

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local function lines_of(path)
  local found = {}
  for line in io.lines(path) do
    found[#found + 1] = line
  end
  return found
end

function init(args)
  local places, share = lines_of(args[1]), tonumber(args[3])
  texts, pause, sent, paths, tokens = lines_of(args[2]), tonumber(args[4]), 0, {}, {}
  for at, line in ipairs(places) do
    if #places < 8 or at % share == number then
      local path, token = line:match("^([^\t]*)\t(.*)$")
      paths[#paths + 1], tokens[#tokens + 1] = path, token
    end
  end
  math.randomseed(number + 1)
end

function request()
  sent = sent + 1
  local at = sent % #paths + 1
  local headers = { ["Content-Type"] = "application/json" }
  if tokens[at] ~= "" then
    headers["Authorization"] = "Bearer " .. tokens[at]
  end
  local text = texts[math.random(#texts)]
  local body = '{"client_id":"w' .. number .. "-" .. sent .. '","text":' .. text .. "}"
  return wrk.format("POST", paths[at], headers, body)
end

function delay()
  return pause > 0 and math.floor(-math.log(1 - math.random()) * pause) or 0
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.6f,"failed":%d,"median_ms":%.4f,"p90_ms":%.4f,"p99_ms":%.4f}\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(90) / 1e3, latency:percentile(99) / 1e3
  ))
end
