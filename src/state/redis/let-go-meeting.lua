-- A meeting is over, or empty.
--
-- KEYS[1] holds, KEYS[2] nodes, KEYS[3] notes, KEYS[4] note-deadlines: as in meetings.lua
-- ARGV: owner, meeting; where its note is to stay, ms for which. Returns 1, or 0 when it is not this owner's.
if hold_of(redis.call('HGET', KEYS[1], ARGV[2])) ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[2])
if ARGV[3] and redis.call('HEXISTS', KEYS[3], ARGV[2]) == 1 then
  redis.call('ZADD', KEYS[4], now() + tonumber(ARGV[3]), ARGV[2])
else
  redis.call('HDEL', KEYS[3], ARGV[2])
  redis.call('ZREM', KEYS[4], ARGV[2])
end
return 1
