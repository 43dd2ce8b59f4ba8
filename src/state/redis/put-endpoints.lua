-- News of endpoints from the instance that has them.
--
-- KEYS[1] endpoints  hash  endpointIdentifier -> "<owner>\t<value>"
-- KEYS[2] deadlines  zset  the same, by the time (ms) at which it is forgotten
-- ARGV: owner, now (ms), then three for each: endpointIdentifier, value, when it is forgotten.
-- Returns those that another owner has by now. Forgets some whose time is up.
local owner = ARGV[1]
local moved = {}
for i = 3, #ARGV, 3 do
  local value = redis.call('HGET', KEYS[1], ARGV[i])
  if value and string.match(value, '^[^\t]*') ~= owner then
    moved[#moved + 1] = ARGV[i]
  else
    redis.call('HSET', KEYS[1], ARGV[i], owner .. '\t' .. ARGV[i + 1])
    redis.call('ZADD', KEYS[2], ARGV[i + 2], ARGV[i])
  end
end
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[2], 'LIMIT', 0, 200)
if #due > 0 then
  redis.call('HDEL', KEYS[1], unpack(due))
  redis.call('ZREM', KEYS[2], unpack(due))
end
return moved
