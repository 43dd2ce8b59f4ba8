-- An endpoint goes: to another instance, or for good.
--
-- KEYS[1] endpoints, KEYS[2] deadlines: as in put-endpoints.lua
-- ARGV: owner, endpointIdentifier, 'take', 'remove', or 'keep'; for 'keep' its value, and when it is forgotten: two have it, who knows more?
-- Returns for 'take' {owner before, value}, or {} when there is none; for 'remove' 1, or 0 when another owner has it; for 'keep' 1 when it is
-- this owner's now, or 0 when what is stored lasts as long.
local stored = redis.call('HGET', KEYS[1], ARGV[2])
local owner, value
if stored then owner, value = string.match(stored, '^([^\t]*)\t(.*)$') end
if ARGV[3] == 'take' then
  if not stored then return {} end
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[1] .. '\t' .. value)
  return {owner, value}
end
if ARGV[3] == 'keep' then
  if stored and owner ~= ARGV[1] and tonumber(ARGV[5]) <= tonumber(redis.call('ZSCORE', KEYS[2], ARGV[2]) or '0') then return 0 end
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[1] .. '\t' .. ARGV[4])
  redis.call('ZADD', KEYS[2], ARGV[5], ARGV[2])
  return 1
end
if stored and owner ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[2])
return 1
