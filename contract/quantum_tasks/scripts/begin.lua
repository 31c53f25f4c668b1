-- Begins an attempt in a Pod, which holds the task until its end or until another Pod begins one.
-- ARGV: id, uid of the resource, lease token (the Pod's own). Asking again with the same token is the same attempt.
-- Returns absent | ended, or {attempt, program, shots, seed, method, front end or nil, inputs or nil}.
local id, uid, token = unpack(ARGV)
local state, known, lease = unpack(redis.call('HMGET', K.task .. id, 'state', 'uid', 'lease'))
if not state or known ~= uid then
  return 'absent'
end
if is_terminal(state) then
  return 'ended'
end
if lease ~= token then
  redis.call('HINCRBY', K.task .. id, 'attempts', 1)
end
move(id, 'running')
redis.call('HDEL', K.task .. id, 'message')
redis.call('HSET', K.task .. id, 'lease', token, 'reason', 'Started')
redis.call('HSETNX', K.task .. id, 'started_at', now_or_after(id, 'created_at'))
return redis.call('HMGET', K.task .. id, 'attempts', 'qasm', 'shots', 'seed', 'method', 'frontend', 'inputs')
