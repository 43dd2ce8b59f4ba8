-- An owner says what it holds, whatever the store believed: at its start, and after anything whose outcome it does not know.
-- Limits are not looked at: these calls are going on.
--
-- KEYS[1] licences, KEYS[2] held: as in exchange-licences.lua. KEYS[3] instances: as in rejoin.lua.
-- ARGV: owner, new term, ms until it counts as dead, then name and how much of each, '*' among them.
-- Returns 1; 0: calls were taken from it since it joined, so that it does not know what it holds, or it has settled since.
local term = redis.call('HGET', KEYS[2], '#term')
if term == 'fenced' or (tonumber(term) or 0) >= tonumber(ARGV[2]) then return 0 end
for field, calls in pairs_of(redis.call('HGETALL', KEYS[2])) do
  if field ~= '#term' then take(field, -tonumber(calls)) end
end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], '#term', ARGV[2])
for i = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  take(ARGV[i], tonumber(ARGV[i + 1]))
end
redis.call('ZADD', KEYS[3], now() + tonumber(ARGV[3]), ARGV[1])
return 1
