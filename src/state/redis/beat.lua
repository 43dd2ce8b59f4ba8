-- An owner is alive, says who it is, and asks who else is there and what is in use.
--
-- KEYS[1] licences, KEYS[2] held, KEYS[3] instances: as in rejoin.lua. KEYS[4] members: hash of owners, each with its addresses as JSON.
-- ARGV: owner, term, ms until it counts as dead, itself as JSON or '' when it has nothing to say.
-- Returns {-1}: the term is over. {time, {owner, dead from, ...}, {name, how much, ...}, {owner, JSON, ...}}
if redis.call('HGET', KEYS[2], '#term') ~= ARGV[2] then return {-1} end
local time = now()
redis.call('ZADD', KEYS[3], time + tonumber(ARGV[3]), ARGV[1])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[4], ARGV[1], ARGV[4]) end
return {time, redis.call('ZRANGE', KEYS[3], 0, -1, 'WITHSCORES'), redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[4])}
