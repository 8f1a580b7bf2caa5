-- Put messages that nobody here waits for back at the head of their channel.
-- KEYS[1] the channel; ARGV: expiry in milliseconds, frame, frame, … in order.
-- The frames keep their stamps, so giving back does not make a message younger.
for i = #ARGV, 2, -1 do
  redis.call('LPUSH', KEYS[1], ARGV[i])
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return #ARGV - 1
