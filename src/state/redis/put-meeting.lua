-- A meeting that is made, changed or removed. Forgets some whose time is up, by Redis' clock as well: one instance whose clock is fast must not
-- have those of all forgotten. Stands after licences.lua.
--
-- KEYS[1] meetings   hash  meeting -> "<until, ms>\t<value>"
-- KEYS[2] deadlines  zset  the same, by the time (ms) at which it is forgotten
-- ARGV: 'create', 'update', 'put' (whether it is there or not) or 'remove'; now (ms), meeting, until, value.
-- Returns 1; 0: there is one already, or none.
local action, meeting, limit = ARGV[1], ARGV[3], ARGV[4]
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', math.min(tonumber(ARGV[2]), now()), 'LIMIT', 0, 200)
if #due > 0 then
  redis.call('HDEL', KEYS[1], unpack(due))
  redis.call('ZREM', KEYS[2], unpack(due))
end
local deadline = redis.call('ZSCORE', KEYS[2], meeting)
local is_there = deadline and tonumber(deadline) > tonumber(ARGV[2])
if action == 'create' and is_there or action == 'update' and not is_there then return 0 end
if action == 'remove' then
  redis.call('HDEL', KEYS[1], meeting)
  redis.call('ZREM', KEYS[2], meeting)
  return is_there and 1 or 0
end
redis.call('HSET', KEYS[1], meeting, limit .. '\t' .. ARGV[5])
redis.call('ZADD', KEYS[2], limit, meeting)
return 1
