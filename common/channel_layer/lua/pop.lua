-- Take the next messages off a channel, dropping those that have expired.
-- KEYS[1] the channel; ARGV: how many at most, expiry in milliseconds.
-- Returns {now in milliseconds, number of expired messages, frame, frame, …}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local wanted, expired = tonumber(ARGV[1]), 0
local reply = {now, 0}

while wanted > 0 do
  local frames = redis.call('LPOP', KEYS[1], wanted)
  if not frames then
    break
  end
  for _, frame in ipairs(frames) do
    local stamp = tonumber(string.sub(frame, 1, 13))
    if stamp and stamp + ARGV[2] <= now then
      expired = expired + 1
    else
      wanted = wanted - 1
      reply[#reply + 1] = frame
    end
  end
end

reply[2] = expired
return reply
