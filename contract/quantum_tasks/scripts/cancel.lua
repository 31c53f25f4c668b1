-- Cancels a task that has not ended. ARGV: id, the uid of its resource or ''.
-- Returns the state that it is in now, or nothing for an unknown id, or one that is another object's by now.
local id, uid = unpack(ARGV)
local state, known = unpack(redis.call('HMGET', K.task .. id, 'state', 'uid'))
if uid ~= '' and known ~= uid then
  return false
end
if state and not is_terminal(state) then
  local failure = {code = 'task.cancelled', message = 'The task was cancelled.'}
  finish(id, 'cancelled', 'Cancelled', {'failure', cjson.encode(failure)})
  return 'cancelled'
end
return state
