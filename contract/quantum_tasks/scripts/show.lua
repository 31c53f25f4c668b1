-- Has an end shown that the resource has by now. ARGV: id, uid of the resource, the state and when it ended, in ms, as they were
-- taken over there, and how many attempts it counts.
-- Returns 1, or 0 if the task is not known, has not ended so, or is shown already.
local id, uid, state, finished_at, attempts = unpack(ARGV)
local known, current, ended, before = unpack(redis.call('HMGET', K.task .. id, 'uid', 'state', 'finished_at', 'before'))
if known ~= uid or current ~= state or ended ~= finished_at or not before then
  return 0
end
redis.call('HDEL', K.task .. id, 'before')
redis.call('HSET', K.task .. id, 'attempts', attempts)
tell(id, state)
return 1
