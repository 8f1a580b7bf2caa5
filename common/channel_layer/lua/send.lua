-- Append one message to a channel, unless the channel is full.
-- KEYS[1] the channel; ARGV: capacity, expiry in milliseconds, frame.
-- Returns the number of expired messages that made room, or -1 for "full".
-- Who may only write here (ACL %W~) cannot look at the oldest message: full is full.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stamped = string.format('%013d', now) .. ARGV[3]
local length, expired = redis.call('RPUSH', KEYS[1], stamped), 0

while length > tonumber(ARGV[1]) do
  local oldest = redis.pcall('LINDEX', KEYS[1], 0)
  local stamp = type(oldest) == 'string' and tonumber(string.sub(oldest, 1, 13))
  if not stamp or stamp + ARGV[2] > now then
    redis.call('LTRIM', KEYS[1], 0, -2)
    return -1
  end
  redis.call('LTRIM', KEYS[1], 1, -1)
  length, expired = length - 1, expired + 1
end

redis.call('PEXPIRE', KEYS[1], ARGV[2])
return expired
