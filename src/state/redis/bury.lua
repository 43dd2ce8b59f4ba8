-- The licences of an owner go back: it died, or it leaves.
--
-- KEYS[1] licences, KEYS[2] held (of that owner), KEYS[3] instances: as in settle-licences.lua
-- ARGV: that owner, '1' when it leaves by itself. Returns 1, or 0 when it is alive after all, or somebody was here first.
local deadline = redis.call('ZSCORE', KEYS[3], ARGV[1])
if not deadline or (ARGV[2] ~= '1' and tonumber(deadline) > now()) then return 0 end
for field, calls in pairs_of(redis.call('HGETALL', KEYS[2])) do
  if field ~= '#term' then take(field, -tonumber(calls)) end
end
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[3], ARGV[1])
return 1
