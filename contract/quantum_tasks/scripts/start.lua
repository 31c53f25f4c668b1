-- Turns a queue entry that this consumer holds into a lease. ARGV: entry, consumer, attempts allowed, a word for this call.
-- The same word again is the same call, whose answer was lost: it gets the same lease, and no attempt is spent.
-- Returns {id, lease token, attempt, program, shots, seed, method, deadline in s or nil}, or nothing when there is nothing to run.
local entry, consumer, max_attempts, call = unpack(ARGV)
local token = consumer .. '/' .. entry .. '/' .. call
local held = redis.call('XPENDING', K.queue, K.group, entry, entry, 1)[1]
if not held or held[2] ~= consumer then
  return false -- claimed by another consumer since
end
local message = redis.call('XRANGE', K.queue, entry, entry)[1]
local id = message and message[2][2]
local state = id and get(id, 'state')
if not state or is_terminal(state) or get(id, 'entry') ~= entry then
  redis.call('XACK', K.queue, K.group, entry)
  redis.call('XDEL', K.queue, entry)
  return false
end
local function granted()
  return {id, token, tonumber(get(id, 'attempts')),
    unpack(redis.call('HMGET', K.task .. id, 'qasm', 'shots', 'seed', 'method', 'deadline_seconds'))}
end
if get(id, 'lease') == token then
  return granted()
end
if tonumber(get(id, 'attempts')) >= attempts_allowed(id, max_attempts) then
  give_up(id, 'the worker was lost')
  return false
end
redis.call('HINCRBY', K.task .. id, 'attempts', 1)
move(id, 'running')
redis.call('HDEL', K.task .. id, 'message')
redis.call('HSET', K.task .. id, 'lease', token, 'reason', 'Started')
redis.call('HSETNX', K.task .. id, 'started_at', now_or_after(id, 'created_at'))
return granted()
