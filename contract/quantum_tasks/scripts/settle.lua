-- Ends a task with what its resource says. ARGV: id, uid, state, reason, attempts, then names and values to set.
-- Returns the state that it is in now: another one if it had ended already; nothing if it is not known.
local id, uid, state, reason, attempts = unpack(ARGV)
local current, known = unpack(redis.call('HMGET', K.task .. id, 'state', 'uid'))
if not current or known ~= uid then
  tell(id, state) -- whoever waits looks at the resource
  return false
end
if is_terminal(current) then
  return current
end
redis.call('HSET', K.task .. id, 'attempts', attempts)
finish(id, state, reason, {unpack(ARGV, 6)})
return state
