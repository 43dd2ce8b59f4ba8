-- What the scripts over owners of licences share; it stands before each of them.

-- Redis' own time, in ms: instances need not agree on theirs to say who is dead.
local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function take(field, by)
  if redis.call('HINCRBY', KEYS[1], field, by) == 0 then redis.call('HDEL', KEYS[1], field) end
end

-- Over a flat list of fields and values.
local function pairs_of(list)
  local i = -1
  return function()
    i = i + 2
    return list[i], list[i + 1]
  end
end
