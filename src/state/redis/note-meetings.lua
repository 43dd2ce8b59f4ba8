-- What the next owner of meetings should know, from the one that has them.
--
-- KEYS[1] holds, KEYS[2] notes: as in meetings.lua
-- ARGV: owner, then meeting and note of each. Those of others' meetings are left out.
for i = 2, #ARGV, 2 do
  if hold_of(redis.call('HGET', KEYS[1], ARGV[i])) == ARGV[1] then redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
end
return 1
