-- An owner is alive, and asks what is in use.
--
-- KEYS[1] licences, KEYS[2] held, KEYS[3] instances: as in settle-licences.lua
-- ARGV: owner, term, ms until it counts as dead.
-- Returns {-1}: the term is over. {instances alive, {owners that are dead}, {organisation, calls, ...}}
if redis.call('HGET', KEYS[2], '#term') ~= ARGV[2] then return {-1} end
local time = now()
redis.call('ZADD', KEYS[3], time + tonumber(ARGV[3]), ARGV[1])
local dead = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', time, 'LIMIT', 0, 10)
return {redis.call('ZCARD', KEYS[3]) - #dead, dead, redis.call('HGETALL', KEYS[1])}
