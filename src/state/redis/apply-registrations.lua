-- Writes what update-bindings.ts made of one or several aliases: all of them or none, and only if nobody changed one of them meanwhile.
-- The rules are in TypeScript; here is what only the store can know: whether they were applied to what is still there, and the counts.
--
-- ARGV: owner, now (ms), longest stream, aliases, then seven for each alias:
--   alias
--   the version it is expected to have; '0': none is there
--   'set', 'delete', or 'same': nothing changes, but the version must be right
--   the value to set, as "<organisation>\t<JSON>"
--   when its last binding is over (ms)
--   the limit of its organisation when the alias takes a licence there, or '' when it takes none
--   the total limit, or ''
-- Returns {1, version}; {0, i, value or '', ...}: aliases i (from 1) have changed, to what; {2, i}: the limits are in the way of alias i.
local FIELDS = 7
local owner, now, max, n = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local aliases = {}
for i = 1, n do aliases[i] = ARGV[5 + (i - 1) * FIELDS] end
local function argument(i, offset) return ARGV[5 + (i - 1) * FIELDS + offset] end

local values = redis.call('HMGET', KEYS[1], unpack(aliases))
local changed = {0}
for i = 1, n do
  if version_of(values[i]) ~= argument(i, 1) then
    changed[#changed + 1] = i
    changed[#changed + 1] = values[i] or ''
  end
end
if #changed > 1 then return changed end

-- How much each organisation has more, or less, when all is done.
local more, total
local function reckon()
  more, total = {}, 0
  local function add(organisation, by)
    more[organisation] = (more[organisation] or 0) + by
    total = total + by
  end
  for i = 1, n do
    local action = argument(i, 2)
    if action ~= 'same' then
      if values[i] then add(organisation_of(values[i]), -1) end
      if action == 'set' then add(string.match(argument(i, 3), '^[^\t]*'), 1) end
    end
  end
end

-- The first alias that the limits are in the way of.
local function refused()
  for i = 1, n do
    if argument(i, 5) ~= '' then
      local organisation = string.match(argument(i, 3), '^[^\t]*')
      local has = tonumber(redis.call('HGET', KEYS[2], organisation) or '0')
      local all = tonumber(redis.call('HGET', KEYS[2], '*') or '0')
      if has + (more[organisation] or 0) > tonumber(argument(i, 5)) or all + total > tonumber(argument(i, 6)) then return i end
    end
  end
end

reckon()
local i = refused()
-- Nobody is refused for the sake of a registration that is over. 20 rounds: a script must end soon, and everybody sweeps once a second.
for _ = 1, 20 do
  if not i or sweep(now, owner, max, 500) == 0 then break end
  values = redis.call('HMGET', KEYS[1], unpack(aliases))
  reckon()
  i = refused()
end
if i then return {2, i} end

local writes = {}
for k = 1, n do
  if argument(k, 2) == 'set' or (argument(k, 2) == 'delete' and values[k]) then writes[#writes + 1] = k end
end
if #writes == 0 then return {1, '0'} end
local version, before = next_version()
local written = {}
for _, k in ipairs(writes) do
  local alias = aliases[k]
  written[#written + 1] = alias
  if argument(k, 2) == 'set' then
    local value = '1\t' .. version .. '\t' .. argument(k, 3)
    redis.call('HSET', KEYS[1], alias, value)
    redis.call('ZADD', KEYS[3], argument(k, 4), alias)
    written[#written + 1] = value
  else
    redis.call('HDEL', KEYS[1], alias)
    redis.call('ZREM', KEYS[3], alias)
    written[#written + 1] = ''
  end
end
for organisation, by in pairs(more) do
  if by ~= 0 then count(organisation, by) end
end
if total ~= 0 then count('*', total) end
publish(version, before, owner, 'c', max, written)
return {1, version}
