-- Says why a task that has not ended is where it is. ARGV: id, uid, state to be in or '', reason, message.
-- Returns 1, or 0 if the task has ended or is not known.
local id, uid, state, reason, message = unpack(ARGV)
local current, known = unpack(redis.call('HMGET', K.task .. id, 'state', 'uid'))
if not current or known ~= uid or is_terminal(current) then
  return 0
end
if state ~= '' and state ~= current then
  move(id, state)
end
redis.call('HSET', K.task .. id, 'reason', reason, 'message', message)
return 1
