-- Lets a task that was held go on. ARGV: id, uid, '1' to queue it for a worker or '0'.
-- Returns 1, or 0 if it was not held.
local id, uid, queued = unpack(ARGV)
local current, known, reason = unpack(redis.call('HMGET', K.task .. id, 'state', 'uid', 'reason'))
if current ~= 'queued' or known ~= uid or reason ~= 'Suspended' then
  return 0
end
if queued == '1' then
  enqueue(id)
end
redis.call('HDEL', K.task .. id, 'message')
redis.call('HSET', K.task .. id, 'reason', 'Queued')
return 1
