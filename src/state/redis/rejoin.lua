-- An owner is back: from now on nobody takes calls from it, and it finds out which were taken.
--
-- KEYS[1] licences, KEYS[2] held: as in exchange-licences.lua. KEYS[3] instances: zset of owners by the time (ms) they are dead from.
-- ARGV: owner, ms until it counts as dead.
redis.call('HSET', KEYS[2], '#term', 'joining')
redis.call('ZADD', KEYS[3], now() + tonumber(ARGV[2]), ARGV[1])
return 1
