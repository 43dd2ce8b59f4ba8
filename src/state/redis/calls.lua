-- What the scripts over calls share; it stands before each of them, after licences.lua.
--
-- calls     hash  call -> "<schema>\t<owner>\t<owner before, or the same>\t<licences>\t<JSON>": stored-call-value.ts. Licences: names as in
--                 exchange-licences.lua, with commas; '' when it has none.
-- of-owner  set   the calls of one owner
-- names     hash  what an edge calls a call -> call
-- recorded  hash  calls that had several owners -> who wrote the record: whoever had it before is not to write it too
-- recorded-at zset  the same, by the time (ms)

-- A call's value, up to its JSON.
local function parts_of(value)
  return string.match(value, '^(%d+)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t')
end

local function json_of(value)
  return string.match(value, '^%d+\t[^\t]*\t[^\t]*\t[^\t]*\t(.*)$')
end
