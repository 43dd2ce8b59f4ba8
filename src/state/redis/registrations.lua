-- What the scripts over registrations share; it stands before each of them.
--
-- KEYS[1] registrations  hash    alias -> "<schema>\t<version>\t<organisation>\t<JSON>": shared-registration.ts
-- KEYS[2] counts         hash    organisation -> registered aliases; '*' -> all of them
-- KEYS[3] deadlines      zset    alias, by the time (ms) at which its last binding is over
-- KEYS[4] changes        stream  one entry a step, its id the step's version: change-feed.ts
-- KEYS[5] version        string  of the latest step

local function version_of(value)
  return value and string.match(value, '^%d+\t(%d+)\t') or '0'
end

local function organisation_of(value)
  return string.match(value, '^%d+\t%d+\t([^\t]*)\t')
end

-- Versions only rise, and come from Redis' own clock in microseconds: a replica that was promoted without our latest steps never gives a
-- number of theirs to another step. Returns the new version and the one before.
local function next_version()
  local before = tonumber(redis.call('GET', KEYS[5]) or '0')
  local time = redis.call('TIME')
  local version = math.max(tonumber(time[1]) * 1000000 + tonumber(time[2]), before + 1)
  local text = string.format('%.0f', version)
  redis.call('SET', KEYS[5], text)
  return text, string.format('%.0f', before)
end

local function count(organisation, by)
  if redis.call('HINCRBY', KEYS[2], organisation, by) == 0 then redis.call('HDEL', KEYS[2], organisation) end
end

-- An entry names the version before its own: a reader that was at another one has missed something. `fields`: alias and value in turn. They
-- go into one JSON text, as each field of an entry costs its readers more than to take it from there, and whose own step it is takes none.
local function publish(version, before, owner, kind, max, fields)
  local head = before .. ' ' .. kind .. ' ' .. (#fields / 2) .. ' ' .. owner
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', max, version .. '-0', 'h', head, 'c', cjson.encode(fields))
end

-- Takes away registrations whose time is up at `now`, of at most `budget` aliases: once, whoever comes first. Returns how many it looked at.
local function sweep(now, owner, max, budget)
  local due = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, budget)
  if #due == 0 then return 0 end
  local values = redis.call('HMGET', KEYS[1], unpack(due))
  local fields = {}
  for i, alias in ipairs(due) do
    if values[i] then
      count(organisation_of(values[i]), -1)
      count('*', -1)
    end
    fields[2 * i - 1] = alias
    fields[2 * i] = ''
  end
  redis.call('HDEL', KEYS[1], unpack(due))
  redis.call('ZREM', KEYS[3], unpack(due))
  local version, before = next_version()
  publish(version, before, owner, 'e', max, fields)
  return #due
end
