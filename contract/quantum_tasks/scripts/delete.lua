-- Forgets a task, whatever its state. ARGV: id, the uid of its resource or ''.
-- Returns 1, or 0 for an unknown id, or one that is another object's by now.
local id, uid = unpack(ARGV)
local state, known = unpack(redis.call('HMGET', K.task .. id, 'state', 'uid'))
if not state or (uid ~= '' and known ~= uid) then
  return 0
end
remove(id)
return 1
