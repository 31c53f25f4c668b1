-- Forgets a task, whatever its state. ARGV: id, the uid of its resource or ''.
-- Returns 1, or 0 for an unknown id, or one that is another object's by now. The object itself is gone in any case.
local id, uid = unpack(ARGV)
local state, known = unpack(redis.call('HMGET', K.task .. id, 'state', 'uid'))
local found = state and (uid == '' or known == uid)
if found then
  remove(id)
end
if uid ~= '' then
  bury(uid)
end
return found and 1 or 0
