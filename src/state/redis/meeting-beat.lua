-- An owner that may hold meetings is alive, and asks who else is, and whose meetings were left behind.
--
-- KEYS[1] nodes, KEYS[2] swept, KEYS[3] orphans: as in sweep-meetings.lua. KEYS[4] notes, KEYS[5] note-deadlines: as in meetings.lua
-- ARGV: owner, ms that it counts as living from now on, the last entry of orphans that it has read; '': none, it begins here.
-- Returns {time, when it was swept or '', {owner, living until, ...}, last entry, {owner, meetings as JSON, ...}}
local time = now()
redis.call('ZADD', KEYS[1], time + tonumber(ARGV[2]), ARGV[1])

local position, orphans = ARGV[3], {}
if position == '' then
  local last = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)
  position = last[1] and last[1][1] or '0-0'
else
  for _, entry in ipairs(redis.call('XRANGE', KEYS[3], '(' .. position, '+', 'COUNT', 100)) do
    position = entry[1]
    orphans[#orphans + 1] = entry[2][2]
    orphans[#orphans + 1] = entry[2][4]
  end
end

local old = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', time, 'LIMIT', 0, 100)
if #old > 0 then
  redis.call('HDEL', KEYS[4], unpack(old))
  redis.call('ZREM', KEYS[5], unpack(old))
end
return {time, redis.call('ZSCORE', KEYS[2], ARGV[1]) or '', redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'), position, orphans}
