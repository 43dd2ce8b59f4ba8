-- Writes what update-bindings.ts made of the aliases of several changes, each change whole or not at all, and only if nobody changed one of
-- its aliases meanwhile. The rules are in TypeScript; here is what only the store can know: whether they were applied to what is still there,
-- and the counts. Changes have nothing to do with each other but that they came at the same time: what is made of all of them is one step.
--
-- ARGV: owner, now (ms), longest stream, how many aliases each change has, separated by blanks; then three for each alias (once, at most):
--   alias
--   "<version> <action> <deadline> <limit> <total limit>": the version it is expected to have, 0: none is there; the action, 'set', 'delete',
--     or 'same': nothing changes, but the version must be right; when its last binding is over (ms); the limits of its organisation and in
--     total when the alias takes a licence, or nothing
--   the value to set, as "<organisation>\t<JSON>", or ''
-- Returns for each change: the version of the step, 0 when there was nothing to write; -i: the limits are in the way of its alias i (from 1);
-- {i, value or '', ...}: aliases i have changed, to what.
local owner, now, max = ARGV[1], ARGV[2], ARGV[3]

local aliases, expected, actions, deadlines, limits, totals, news = {}, {}, {}, {}, {}, {}, {}
for at = 5, #ARGV, 3 do
  local i = #aliases + 1
  aliases[i], news[i] = ARGV[at], ARGV[at + 2]
  expected[i], actions[i], deadlines[i], limits[i], totals[i] = string.match(ARGV[at + 1], '^(%d+) (%a+) (%d+) ?(%S*) ?(%S*)$')
end

local values = redis.call('HMGET', KEYS[1], unpack(aliases))

local function organisation_set(i) return string.match(news[i], '^[^\t]*') end

-- How much each organisation has more, or less, when aliases `first` to `last` are written.
local function reckon(first, last)
  local more, total = {}, 0
  local function add(organisation, by)
    more[organisation] = (more[organisation] or 0) + by
    total = total + by
  end
  for i = first, last do
    if actions[i] ~= 'same' then
      if values[i] then add(organisation_of(values[i]), -1) end
      if actions[i] == 'set' then add(organisation_set(i), 1) end
    end
  end
  return more, total
end

-- The first alias that the limits are in the way of.
local function refused(first, last, more, total)
  for i = first, last do
    if limits[i] ~= '' then
      local organisation = organisation_set(i)
      local has = tonumber(redis.call('HGET', KEYS[2], organisation) or '0')
      local all = tonumber(redis.call('HGET', KEYS[2], '*') or '0')
      if has + (more[organisation] or 0) > tonumber(limits[i]) or all + total > tonumber(totals[i]) then return i end
    end
  end
end

-- What was taken and is not written yet: all of it is written at once, under `version`.
local version, before
local sets, scores, gone, written = {}, {}, {}, {}
local function flush()
  if not version then return end
  if #sets > 0 then
    redis.call('HSET', KEYS[1], unpack(sets))
    redis.call('ZADD', KEYS[3], unpack(scores))
  end
  if #gone > 0 then
    redis.call('HDEL', KEYS[1], unpack(gone))
    redis.call('ZREM', KEYS[3], unpack(gone))
  end
  publish(version, before, owner, 'c', max, written)
  version, sets, scores, gone, written = nil, {}, {}, {}, {}
end

local function write(i)
  if actions[i] == 'same' or (actions[i] == 'delete' and not values[i]) then return false end
  if not version then version, before = next_version() end
  local alias, value = aliases[i], ''
  if actions[i] == 'set' then
    value = '1\t' .. version .. '\t' .. news[i]
    sets[#sets + 1] = alias
    sets[#sets + 1] = value
    scores[#scores + 1] = deadlines[i]
    scores[#scores + 1] = alias
  else
    gone[#gone + 1] = alias
  end
  written[#written + 1] = alias
  written[#written + 1] = value
  return true
end

local function apply(first, last)
  local changed = {}
  for i = first, last do
    if version_of(values[i]) ~= expected[i] then
      changed[#changed + 1] = i - first + 1
      changed[#changed + 1] = values[i] or ''
    end
  end
  if #changed > 0 then return changed end

  local more, total = reckon(first, last)
  local i = refused(first, last, more, total)
  -- Nobody is refused for the sake of a registration that is over. 20 rounds: a script must end soon, and everybody sweeps once a second.
  for _ = 1, 20 do
    if not i then break end
    -- A sweep is a step of its own, after what was made before it.
    flush()
    if sweep(now, owner, max, 500) == 0 then break end
    values = redis.call('HMGET', KEYS[1], unpack(aliases))
    more, total = reckon(first, last)
    i = refused(first, last, more, total)
  end
  if i then return first - 1 - i end

  local wrote = false
  for k = first, last do wrote = write(k) or wrote end
  for organisation, by in pairs(more) do
    if by ~= 0 then count(organisation, by) end
  end
  if total ~= 0 then count('*', total) end
  return wrote and tonumber(version) or 0
end

local replies, first = {}, 1
for aliases_of_it in string.gmatch(ARGV[4], '%d+') do
  local last = first + tonumber(aliases_of_it) - 1
  replies[#replies + 1] = apply(first, last)
  first = last + 1
end
flush()
return replies
