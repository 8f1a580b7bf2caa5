-- Append one message to a channel, unless the channel is full.
-- KEYS[1] the channel; ARGV: capacity, expiry in milliseconds, frame.
-- Returns the number of expired messages that made room, or -1 for "full".
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local capacity, expired = tonumber(ARGV[1]), 0

while redis.call('LLEN', KEYS[1]) >= capacity do
  local stamp = tonumber(string.sub(redis.call('LINDEX', KEYS[1], 0), 1, 13))
  if not stamp or stamp + ARGV[2] > now then
    return -1
  end
  redis.call('LPOP', KEYS[1])
  expired = expired + 1
end

redis.call('RPUSH', KEYS[1], string.format('%013d', now) .. ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return expired
