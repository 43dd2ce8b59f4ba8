-- An owner is back, and says which meetings it holds: those that another living owner has by now are lost to it.
--
-- KEYS[1] holds, KEYS[2] nodes, KEYS[3] note-deadlines: as in meetings.lua
-- ARGV: owner, ms that it counts as living from now on, dead for so many ms at least, then meeting and since of each.
-- Returns {those that are lost, those that it has but did not name}
local lost, unknown, named = {}, {}, {}
redis.call('ZADD', KEYS[2], now() + tonumber(ARGV[2]), ARGV[1])
for i = 4, #ARGV, 2 do
  local meeting = ARGV[i]
  named[meeting] = true
  local owner = hold_of(redis.call('HGET', KEYS[1], meeting))
  if owner and owner ~= ARGV[1] and not is_dead(KEYS[2], owner, ARGV[3]) then
    lost[#lost + 1] = meeting
  elseif owner ~= ARGV[1] then
    redis.call('HSET', KEYS[1], meeting, ARGV[1] .. '\t' .. ARGV[i + 1])
    redis.call('ZREM', KEYS[3], meeting)
  end
end
for meeting, value in pairs_of(redis.call('HGETALL', KEYS[1])) do
  if not named[meeting] and hold_of(value) == ARGV[1] then unknown[#unknown + 1] = meeting end
end
return {lost, unknown}
