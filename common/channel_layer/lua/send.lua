-- Append messages to a channel, as many as it has room for.
-- KEYS[1] the channel; ARGV: capacity, expiry in milliseconds, frame, frame, …
-- Returns {number of messages appended, number of expired ones that made room}.
-- Who may only write here (ACL %W~) cannot look at the oldest message: full is full.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stamp, frames = string.format('%013d', now), {}
for i = 3, #ARGV do
  frames[i - 2] = stamp .. ARGV[i]
end
local over = redis.call('RPUSH', KEYS[1], unpack(frames)) - ARGV[1]
local expired = 0

while over > 0 do
  local oldest = redis.pcall('LINDEX', KEYS[1], 0)
  local since = type(oldest) == 'string' and tonumber(string.sub(oldest, 1, 13))
  if not since or since + ARGV[2] > now then
    over = math.min(over, #frames)
    redis.call('LTRIM', KEYS[1], 0, -over - 1)
    break
  end
  redis.call('LTRIM', KEYS[1], 1, -1)
  over, expired = over - 1, expired + 1
end

if over < #frames then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return {#frames - math.max(over, 0), expired}
