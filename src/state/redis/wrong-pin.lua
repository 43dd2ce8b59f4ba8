-- Wrong PINs of one key. Stands after licences.lua.
--
-- KEYS[1] wrong-pins  zset  one entry each try, by its time (ms)
-- ARGV: ms that a try counts, most that are kept; to add one, a name of its own.
-- Returns how many there are, and ms since the last.
local time = now()
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', time - tonumber(ARGV[1]))
if ARGV[3] then
  redis.call('ZADD', KEYS[1], time, ARGV[3])
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -tonumber(ARGV[2]) - 1)
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return {redis.call('ZCARD', KEYS[1]), last[2] and time - tonumber(last[2]) or 0}
