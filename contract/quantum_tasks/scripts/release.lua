-- Gives a lease back without a result. ARGV: id, lease token, cause for a person, '1' if the attempt counts, attempts allowed.
-- An attempt that does not count is as if it had never begun.
-- Returns queued | failed | lost.
local id, token, cause, counts, max_attempts = unpack(ARGV)
local state, lease = unpack(redis.call('HMGET', K.task .. id, 'state', 'lease'))
if state ~= 'running' or lease ~= token then
  return 'lost'
end
if counts == '0' then
  redis.call('HINCRBY', K.task .. id, 'attempts', -1)
end
local answer = retry(id, cause, max_attempts)
if answer == 'queued' and get(id, 'attempts') == '0' then
  redis.call('HSET', K.task .. id, 'reason', 'Queued')
  redis.call('HDEL', K.task .. id, 'started_at')
end
return answer
