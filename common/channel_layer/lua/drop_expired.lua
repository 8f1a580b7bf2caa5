-- Take expired messages off the head of a channel.
-- KEYS[1] the channel; ARGV: expiry in milliseconds. Returns their number.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local dropped = 0

while true do
  local oldest = redis.call('LINDEX', KEYS[1], 0)
  local since = oldest and tonumber(string.sub(oldest, 1, 13))
  if not since or since + ARGV[1] > now then
    return dropped
  end
  redis.call('LPOP', KEYS[1])
  dropped = dropped + 1
end
