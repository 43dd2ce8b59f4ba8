-- What the scripts over held meetings share; it stands before each of them, after licences.lua.
--
-- holds  hash  meeting -> "<owner>\t<since, ms by its own clock>"
-- nodes  zset  owners that may hold meetings, by the time (ms) until which they count as living
-- notes  hash  meeting -> what its next owner should know
-- note-deadlines  zset  meetings that nobody has any more, by the time (ms) at which their notes are forgotten

-- Owner, since; nothing for none.
local function hold_of(value)
  if not value then return nil end
  return string.match(value, '^([^\t]*)\t(.*)$')
end

-- Whether an owner has been dead for so many ms (which may be less than 0). Who has left is dead.
local function is_dead(nodes, owner, for_ms)
  return tonumber(redis.call('ZSCORE', nodes, owner) or '0') + tonumber(for_ms) <= now()
end
