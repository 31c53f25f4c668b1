-- Takes a task out of the queue until it is resumed; a run of it is abandoned, and counts for nothing. ARGV: id, uid, message.
-- Returns 1, or 0 if the task has ended or is not known.
local id, uid, message = unpack(ARGV)
local current, known = unpack(redis.call('HMGET', K.task .. id, 'state', 'uid'))
if not current or known ~= uid or is_terminal(current) then
  return 0
end
leave_queue(id)
if current == 'running' then
  redis.call('HINCRBY', K.task .. id, 'attempts', -1)
end
move(id, 'queued')
redis.call('HSET', K.task .. id, 'entry', '', 'lease', '', 'reason', 'Suspended', 'message', message)
return 1
