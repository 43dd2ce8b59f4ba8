-- What is left of an owner goes: it died, or it leaves. Its licences go back.
--
-- KEYS[1] licences, KEYS[2] held (of that owner), KEYS[3] instances, KEYS[4] members: as in beat.lua. KEYS[5] its calls: as in write-calls.lua.
-- ARGV: that owner; dead for so many ms at least by its deadline, which may be less than 0. '': it leaves by itself.
-- Calls that nobody can take, as only a later version reads them, hold this up for so many ms and no longer: ARGV[3].
-- Returns 1, or 0 when it is alive after all, still has calls, or somebody was here first.
local deadline = redis.call('ZSCORE', KEYS[3], ARGV[1])
if not deadline then return 0 end
if redis.call('SCARD', KEYS[5]) > 0 and (ARGV[2] == '' or tonumber(deadline) + tonumber(ARGV[3]) > now()) then return 0 end
if ARGV[2] ~= '' and tonumber(deadline) + tonumber(ARGV[2]) > now() then return 0 end
for field, calls in pairs_of(redis.call('HGETALL', KEYS[2])) do
  if field ~= '#term' then take(field, -tonumber(calls)) end
end
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('HDEL', KEYS[4], ARGV[1])
return 1
