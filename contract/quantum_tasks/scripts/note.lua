-- Says why a task that has not ended is where it is, unless more has happened to it than the caller has seen.
-- ARGV: id, uid, the state, the reason and the lease that were seen, state to be in or '', reason, message.
-- Returns 1, or 0 if the task is not known, or is not any more as it was seen. A lease stays with the Pod that has it.
local id, uid, state_seen, reason_seen, lease_seen, state, reason, message = unpack(ARGV)
local current, known, before, lease = unpack(redis.call('HMGET', K.task .. id, 'state', 'uid', 'reason', 'lease'))
if not current or known ~= uid or is_terminal(current) then
  return 0
end
if current ~= state_seen or before ~= reason_seen or lease ~= lease_seen then
  return 0
end
if state ~= '' and state ~= current then
  move(id, state)
end
redis.call('HSET', K.task .. id, 'reason', reason, 'message', message)
return 1
