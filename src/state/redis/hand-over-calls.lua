-- An owner that is being stopped leaves calls to an heir that counts as dead, so that whoever looks first takes them from there.
--
-- KEYS[1] licences; KEYS[2] calls, KEYS[3] of-owner, KEYS[4] of-owner (heir), KEYS[5] held, KEYS[6] held (heir), KEYS[7] instances: as in
-- take-calls.lua
-- ARGV: owner, term, heir, then the calls. Returns {-1}: the term is over. Otherwise the calls that went.
if redis.call('HGET', KEYS[5], '#term') ~= ARGV[2] then return {-1} end
local gone = {}
for i = 4, #ARGV do
  local call = ARGV[i]
  local value = redis.call('HGET', KEYS[2], call)
  local schema, owner, _, licences
  if value then schema, owner, _, licences = parts_of(value) end
  if value and owner == ARGV[1] then
    local json = json_of(value)
    redis.call('HSET', KEYS[2], call, schema .. '\t' .. ARGV[3] .. '\t' .. owner .. '\t' .. licences .. '\t' .. json)
    redis.call('SREM', KEYS[3], call)
    redis.call('SADD', KEYS[4], call)
    for field in string.gmatch(licences, '[^,]+') do
      if redis.call('HINCRBY', KEYS[5], field, -1) == 0 then redis.call('HDEL', KEYS[5], field) end
      redis.call('HINCRBY', KEYS[6], field, 1)
    end
    gone[#gone + 1] = call
  end
end
if #gone > 0 then redis.call('ZADD', KEYS[7], 0, ARGV[3]) end
return gone
