-- An owner of meetings is dead, or leaves: its meetings are anybody's, everybody hears of them, and its meeting ports go back.
--
-- KEYS[1] licences, KEYS[2] held (of that owner): as in exchange-licences.lua; meeting ports are 'ports <organisation>' and 'ports *'
-- KEYS[3] nodes, KEYS[4] holds: as in meetings.lua
-- KEYS[5] swept    zset    owners by the time (ms) at which this was done to them: one that lives after all sees it
-- KEYS[6] orphans  stream  owner, meetings as JSON
-- KEYS[7] notes, KEYS[8] note-deadlines: as in meetings.lua
-- ARGV: that owner; dead for so many ms at least, or '': it leaves by itself; ms that notes are kept.
-- Returns how many meetings it had; -1: it is alive after all.
local owner, time = ARGV[1], now()
if ARGV[2] ~= '' and not is_dead(KEYS[3], owner, ARGV[2]) then return -1 end
redis.call('ZREM', KEYS[3], owner)

local meetings = {}
for meeting, value in pairs_of(redis.call('HGETALL', KEYS[4])) do
  if hold_of(value) == owner then meetings[#meetings + 1] = meeting end
end
for from = 1, #meetings, 200 do
  local some = {}
  for i = from, math.min(from + 199, #meetings) do some[#some + 1] = meetings[i] end
  redis.call('HDEL', KEYS[4], unpack(some))
  redis.call('XADD', KEYS[6], 'MAXLEN', '~', 1000, '*', 'o', owner, 'm', cjson.encode(some))
end
for _, meeting in ipairs(meetings) do
  if redis.call('HEXISTS', KEYS[7], meeting) == 1 then redis.call('ZADD', KEYS[8], time + tonumber(ARGV[3]), meeting) end
end

local ports = false
for field, count in pairs_of(redis.call('HGETALL', KEYS[2])) do
  if string.sub(field, 1, 6) == 'ports ' then
    take(field, -tonumber(count))
    redis.call('HDEL', KEYS[2], field)
    ports = true
  end
end
-- Whatever it still sends of its licences is refused until it has said what it holds.
if ports and ARGV[2] ~= '' then redis.call('HSET', KEYS[2], '#term', 'fenced') end

redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', time - 86400000)
if ARGV[2] ~= '' then redis.call('ZADD', KEYS[5], time, owner) end
return #meetings
