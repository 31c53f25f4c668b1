-- Turns queue entries that this consumer holds into leases. ARGV: consumer, attempts allowed, a word for this call, how many
-- bytes of programs at most, then the entries. The first program is given however long it is; those that are too much go to
-- the end of the queue, as they were.
-- The same word again is the same call, whose answer was lost: it gets the same leases, and no attempt is spent.
-- Returns {id, lease token, attempt, program, shots, seed, method, front end or nil, inputs or nil, deadline in s or nil} for each
-- that there is to run.
local consumer, max_attempts, call, bytes = unpack(ARGV)
local granted, left = {}, tonumber(bytes)

local function drop(entry)
  redis.call('XACK', K.queue, K.group, entry)
  redis.call('XDEL', K.queue, entry)
end

local function start(entry)
  local token = consumer .. '/' .. entry .. '/' .. call
  local held = redis.call('XPENDING', K.queue, K.group, entry, entry, 1)[1]
  if not held or held[2] ~= consumer then
    return -- claimed by another consumer since
  end
  local message = redis.call('XRANGE', K.queue, entry, entry)[1]
  local id = message and message[2][2]
  local state = id and get(id, 'state')
  if not state or is_terminal(state) or get(id, 'entry') ~= entry then
    return drop(entry)
  end
  local run = redis.call('HMGET', K.task .. id, 'qasm', 'shots', 'seed', 'method', 'frontend', 'inputs',
    'deadline_seconds')
  if get(id, 'lease') ~= token then
    if tonumber(get(id, 'attempts')) >= attempts_allowed(id, max_attempts) then
      return give_up(id, 'the worker was lost')
    end
    if #granted > 0 and #run[1] > left then
      drop(entry)
      return enqueue(id)
    end
    redis.call('HINCRBY', K.task .. id, 'attempts', 1)
    move(id, 'running')
    redis.call('HDEL', K.task .. id, 'message')
    redis.call('HSET', K.task .. id, 'lease', token, 'reason', 'Started')
    redis.call('HSETNX', K.task .. id, 'started_at', now_or_after(id, 'created_at'))
  end
  left = left - #run[1]
  granted[#granted + 1] = {id, token, tonumber(get(id, 'attempts')), unpack(run)}
end

for i = 5, #ARGV do
  start(ARGV[i])
end
return granted
