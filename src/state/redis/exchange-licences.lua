-- Takes call licences or bandwidth and gives others back, all or nothing: the beginning of a call, its change, its end.
--
-- KEYS[1] licences  hash  organisation -> calls; '*' -> all calls; 'bandwidth <zone>' -> 100 bit/s
-- KEYS[2] held      hash  the same of one owner, and '#term': which of its settlements it goes by
-- ARGV: term, calls more (1, 0, -1), total limit, how many to take, then name, how much and limit of each; then name and how much to give back.
-- Returns {-1}: the term is over, the owner must settle first. {0, i}: the i-th (from 1) is full; {0, 0}: the total is.
-- {1, total, what is in use of each in the order named}: done.
if redis.call('HGET', KEYS[2], '#term') ~= ARGV[1] then return {-1} end
local calls, n = tonumber(ARGV[2]), tonumber(ARGV[4])

for i = 1, n do
  local used = tonumber(redis.call('HGET', KEYS[1], ARGV[2 + 3 * i]) or '0')
  if used + tonumber(ARGV[3 + 3 * i]) > tonumber(ARGV[4 + 3 * i]) then return {0, i} end
end
if calls > 0 and tonumber(redis.call('HGET', KEYS[1], '*') or '0') >= tonumber(ARGV[3]) then return {0, 0} end

local function move(field, by)
  if redis.call('HINCRBY', KEYS[2], field, by) == 0 then redis.call('HDEL', KEYS[2], field) end
  local used = redis.call('HINCRBY', KEYS[1], field, by)
  if used == 0 then redis.call('HDEL', KEYS[1], field) end
  return used
end

local reply = {1, 0}
if calls == 0 then reply[2] = tonumber(redis.call('HGET', KEYS[1], '*') or '0') else reply[2] = move('*', calls) end
for i = 1, n do reply[#reply + 1] = move(ARGV[2 + 3 * i], ARGV[3 + 3 * i]) end
for i = 5 + 3 * n, #ARGV, 2 do reply[#reply + 1] = move(ARGV[i], -tonumber(ARGV[i + 1])) end
return reply
