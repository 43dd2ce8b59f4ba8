-- For the calls in a journal: whose record is still to be written by this instance?
--
-- KEYS[1] calls, KEYS[2] names, KEYS[3] recorded, KEYS[4] recorded-at: as in calls.lua
-- ARGV: '<instance>/', then 'open' or 'ended' and the call, of each.
-- Returns for each: 1 when it is, also when it is asked again. A call that was ended, and that nobody has taken over since, is forgotten here.
local function is_ours(owner)
  return string.sub(owner, 1, #ARGV[1]) == ARGV[1]
end

local replies = {}
for i = 2, #ARGV, 2 do
  local call = ARGV[i + 1]
  local value = redis.call('HGET', KEYS[1], call)
  local reply = 0
  if not value then
    -- An earlier run may have been about to write it.
    local recorder = redis.call('HGET', KEYS[3], call)
    if not recorder or is_ours(recorder) then reply = 1 end
  elseif ARGV[i] == 'ended' then
    local _, owner, first = parts_of(value)
    if is_ours(owner) then
      -- It stays in its owner's set, and its licences with what that owner holds: they go when that run is buried.
      redis.call('HDEL', KEYS[1], call)
      -- A later version may write it in another way; then the name stays, and leads nowhere.
      local readable, stored = pcall(cjson.decode, json_of(value))
      local name = readable and type(stored) == 'table' and type(stored.begun) == 'table' and stored.begun.signallingId
      if type(name) == 'string' and redis.call('HGET', KEYS[2], name) == call then redis.call('HDEL', KEYS[2], name) end
      if first ~= owner then
        redis.call('HSET', KEYS[3], call, owner)
        redis.call('ZADD', KEYS[4], now(), call)
      end
      reply = 1
    end
  end
  replies[#replies + 1] = reply
end
return replies
