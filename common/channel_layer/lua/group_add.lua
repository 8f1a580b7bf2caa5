-- Add a channel to a group. KEYS[1] the group; ARGV: channel, expiry in seconds.
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
