-- News of calls from their owner, and ends.
--
-- KEYS[1] calls, KEYS[2] of-owner, KEYS[3] names, KEYS[4] recorded, KEYS[5] recorded-at: as in calls.lua. KEYS[6] held: as in
-- exchange-licences.lua
-- ARGV: owner, term, schema, then five for each: 'put', 'end', or 'ended' for one whose record this owner is known to have written, whoever
-- has it by what a promoted replica remembers; call, its edge's name, licences, JSON.
-- Returns for each: 1 done; 0 another owner has it; 2 its record is written, by another owner. {-1}: the term is over, and this was sent before.
local owner, schema = ARGV[1], ARGV[3]
if redis.call('HGET', KEYS[6], '#term') ~= ARGV[2] then return {-1} end
local replies = {}
for i = 4, #ARGV, 5 do
  local action, call, name = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local value = redis.call('HGET', KEYS[1], call)
  local _, current, first
  if value then _, current, first = parts_of(value) end
  local reply = 1
  if value then
    if current ~= owner and action ~= 'ended' then reply = 0 end
  else
    local recorder = redis.call('HGET', KEYS[4], call)
    if recorder and recorder ~= owner then reply = 2 end
  end
  if reply == 1 and action == 'put' then
    redis.call('HSET', KEYS[1], call, schema .. '\t' .. owner .. '\t' .. (first or owner) .. '\t' .. ARGV[i + 3] .. '\t' .. ARGV[i + 4])
    redis.call('SADD', KEYS[2], call)
    redis.call('HSET', KEYS[3], name, call)
  elseif reply == 1 then
    if value then
      redis.call('HDEL', KEYS[1], call)
      redis.call('SREM', KEYS[2], call)
      if redis.call('HGET', KEYS[3], name) == call then redis.call('HDEL', KEYS[3], name) end
    end
    if action == 'ended' or (value and first ~= owner) then
      redis.call('HSET', KEYS[4], call, owner)
      redis.call('ZADD', KEYS[5], now(), call)
    end
  end
  replies[#replies + 1] = reply
end
return replies
