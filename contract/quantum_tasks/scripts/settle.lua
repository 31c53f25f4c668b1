-- Ends a task with what the operator says. ARGV: id, uid, state, reason, attempts, '1' if its resource has that end already,
-- which is to be shown then, or '0'; then names and values to set.
-- Returns the state that it is in now: another one if it had ended already; nothing if it is not known. An end that was not
-- shown yet gives way to the resource's.
local id, uid, state, reason, attempts, shown = unpack(ARGV)
local fields = {unpack(ARGV, 7)}
local current, known, before = unpack(redis.call('HMGET', K.task .. id, 'state', 'uid', 'before'))
if not current or known ~= uid then
  tell(id, state) -- whoever waits looks at the resource
  return false
end
if is_terminal(current) and not (before and shown == '1') then
  return current
end
if is_terminal(current) and current ~= state then
  redis.call('HDEL', K.task .. id, 'outcome', 'summary', 'failure')
end
redis.call('HSET', K.task .. id, 'attempts', attempts)
if current ~= state then
  finish(id, state, reason, fields)
else
  local large = state == 'succeeded' and fields[1] ~= 'outcome' -- and so only here
  if not large then
    redis.call('HSET', K.task .. id, 'reason', reason, unpack(fields))
  end
  tell(id, state)
end
if shown == '1' then
  redis.call('HDEL', K.task .. id, 'before')
end
return state
