-- Cancels a task that has not ended. ARGV: id. Returns the state that it is in now, or nothing for an unknown id.
local id = ARGV[1]
local state = get(id, 'state')
if state and not is_terminal(state) then
  local failure = {code = 'task.cancelled', message = 'The task was cancelled.'}
  finish(id, 'cancelled', 'Cancelled', {'failure', cjson.encode(failure)})
  return 'cancelled'
end
return state
