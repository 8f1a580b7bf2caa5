-- Append one message to a channel, unless the channel is full.
-- KEYS[1] the channel; ARGV: capacity, expiry in milliseconds, frame.
-- Returns the number of expired messages that made room, or -1 for "full".
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stamped = string.format('%013d', now) .. ARGV[3]
local length, expired = redis.call('RPUSH', KEYS[1], stamped), 0

while length > tonumber(ARGV[1]) do
  local stamp = tonumber(string.sub(redis.call('LINDEX', KEYS[1], 0), 1, 13))
  if not stamp or stamp + ARGV[2] > now then
    redis.call('RPOP', KEYS[1])
    return -1
  end
  redis.call('LPOP', KEYS[1])
  length, expired = length - 1, expired + 1
end

redis.call('PEXPIRE', KEYS[1], ARGV[2])
return expired
