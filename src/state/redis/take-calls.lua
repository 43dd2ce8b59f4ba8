-- Calls go over from an owner that is silent to another, with their licences.
--
-- KEYS[1] licences; KEYS[2] calls, KEYS[3] of-owner (that is silent), KEYS[4] of-owner (new), KEYS[5] held (silent), KEYS[6] held (new),
-- KEYS[7] instances: as in calls.lua and rejoin.lua
-- ARGV: silent owner, new owner, its term, dead for so many ms at least (may be less than 0), newest schema that the new owner reads, most calls,
-- then the calls; without one: any.
-- Returns {1, call, value, ...}; {0}: the owner is not silent; {-1}: the new owner must settle first.
local old, new = ARGV[1], ARGV[2]
local deadline = redis.call('ZSCORE', KEYS[7], old)
if redis.call('HGET', KEYS[6], '#term') ~= ARGV[3] then return {-1} end
if deadline and tonumber(deadline) + tonumber(ARGV[4]) > now() then return {0} end

local calls = {}
if #ARGV > 6 then
  for i = 7, #ARGV do calls[#calls + 1] = ARGV[i] end
else
  calls = redis.call('SRANDMEMBER', KEYS[3], tonumber(ARGV[6]))
end

-- Whatever the silent one still sends is refused until it has found out what is left to it.
if redis.call('EXISTS', KEYS[5]) == 1 then redis.call('HSET', KEYS[5], '#term', 'fenced') end

-- What the silent one is not known to hold is counted anew: the call goes on.
local function shift(field)
  local had = tonumber(redis.call('HGET', KEYS[5], field) or '0')
  if had == 0 then take(field, 1)
  elseif had == 1 then redis.call('HDEL', KEYS[5], field)
  else redis.call('HINCRBY', KEYS[5], field, -1) end
  if redis.call('HINCRBY', KEYS[6], field, 1) == 0 then redis.call('HDEL', KEYS[6], field) end
end

local reply = {1}
for _, call in ipairs(calls) do
  local value = redis.call('HGET', KEYS[2], call)
  local schema, owner, _, licences
  if value then schema, owner, _, licences = parts_of(value) end
  if not value or owner ~= old then
    redis.call('SREM', KEYS[3], call)
  elseif tonumber(schema) <= tonumber(ARGV[5]) then
    local json = json_of(value)
    redis.call('HSET', KEYS[2], call, schema .. '\t' .. new .. '\t' .. old .. '\t' .. licences .. '\t' .. json)
    redis.call('SREM', KEYS[3], call)
    redis.call('SADD', KEYS[4], call)
    for field in string.gmatch(licences, '[^,]+') do shift(field) end
    reply[#reply + 1] = call
    reply[#reply + 1] = licences .. '\t' .. json
  end
end
return reply
