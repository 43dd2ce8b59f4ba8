-- An owner wants to hold a meeting.
--
-- KEYS[1] holds, KEYS[2] nodes, KEYS[3] note-deadlines: as in meetings.lua
-- ARGV: owner, meeting, its own time (ms), ms that it counts as living from now on, dead for so many ms at least. 'ask' after that: it only asks.
-- Returns {1, owner, since}: it is this one's now, or stays that one's. {0, owner}: that one is dead, and is to be swept first. {1}: nobody's.
local owner, since = hold_of(redis.call('HGET', KEYS[1], ARGV[2]))
if owner and owner ~= ARGV[1] then
  if is_dead(KEYS[2], owner, ARGV[5]) then return {0, owner} end
  return {1, owner, since}
end
if owner then return {1, owner, since} end
if ARGV[6] == 'ask' then return {1} end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[1] .. '\t' .. ARGV[3])
redis.call('ZADD', KEYS[2], now() + tonumber(ARGV[4]), ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[2])
return {1, ARGV[1], ARGV[3]}
