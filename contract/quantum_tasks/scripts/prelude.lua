-- Stands before every script of this folder; before it stand K (the key names), written by keys.py, and the FIELDS and RESULT_FIELDS of records.py.
-- Times are Redis's own, in ms, so that no two machines' clocks are compared.

local MAX_EVENTS = 10000
local REMEMBERED = 3600 * 1000 -- ms for which it is known of an object that it is gone

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function get(id, field)
  return redis.call('HGET', K.task .. id, field)
end

-- Now, or when the task was at a field's time, if that is later: clocks are set back at times.
local function now_or_after(id, field)
  return math.max(now(), tonumber(get(id, field) or 0))
end

local function is_terminal(state)
  return state == 'succeeded' or state == 'failed' or state == 'cancelled'
end

local function move(id, state)
  local from, seq = unpack(redis.call('HMGET', K.task .. id, 'state', 'seq'))
  redis.call('ZREM', K.tasks .. ':' .. from, id)
  redis.call('ZADD', K.tasks .. ':' .. state, seq, id)
  redis.call('HSET', K.task .. id, 'state', state)
end

-- A task of a Kubernetes Job is in no queue: its entry is ''.
local function leave_queue(id)
  local entry = get(id, 'entry')
  if entry == '' then
    return
  end
  redis.call('XACK', K.queue, K.group, entry)
  redis.call('XDEL', K.queue, entry)
end

local function tell(id, what)
  redis.call('XADD', K.events, 'MAXLEN', '~', MAX_EVENTS, '*', 'task', id, 'state', what)
end

-- The one way into a terminal state: result, state, indexes, queue entry and event change together.
-- Where a resource is to have that end too, `before` is what may be shown until it has.
local function finish(id, state, reason, fields)
  local was, why, message, uid = unpack(redis.call('HMGET', K.task .. id, 'state', 'reason', 'message', 'uid'))
  move(id, state)
  redis.call('HDEL', K.task .. id, 'message')
  if uid and uid ~= '' and not is_terminal(was) then
    redis.call('HSET', K.task .. id, 'before', cjson.encode({state = was, reason = why, message = message or nil}))
  end
  local time = math.max(now_or_after(id, 'created_at'), now_or_after(id, 'started_at'))
  redis.call('HSET', K.task .. id, 'reason', reason, 'finished_at', time, unpack(fields))
  redis.call('ZADD', K.finished, time, id)
  leave_queue(id)
  tell(id, state)
end

local function enqueue(id)
  redis.call('HSET', K.task .. id, 'entry', redis.call('XADD', K.queue, '*', 'task', id))
end

-- How many attempts a task may have: as many as it says itself, or else as many as the worker allows.
local function attempts_allowed(id, default)
  return tonumber(get(id, 'max_attempts') or default)
end

local function give_up(id, cause)
  local attempts = get(id, 'attempts')
  local times = attempts == '1' and '1 attempt' or attempts .. ' attempts'
  local failure = {code = 'engine.lost', message = 'Gave up after ' .. times .. '; the last one ended: ' .. cause .. '.'}
  finish(id, 'failed', 'BackoffLimitExceeded', {'failure', cjson.encode(failure)})
end

-- Another attempt from the end of the queue, or the end of the task if it has had as many as it may.
local function retry(id, cause, max_attempts)
  if tonumber(get(id, 'attempts')) >= attempts_allowed(id, max_attempts) then
    give_up(id, cause)
    return 'failed'
  end
  leave_queue(id)
  enqueue(id)
  move(id, 'queued')
  redis.call('HSET', K.task .. id, 'reason', 'Retrying', 'lease', '')
  return 'queued'
end

-- Whoever saw an object before it went may still tell of it, and is to bring nothing back.
local function bury(uid)
  redis.call('ZREM', K.gone, uid) -- a full Redis lets a script go on that has begun to write
  local old = redis.call('ZRANGE', K.gone, '-inf', now() - REMEMBERED, 'BYSCORE', 'LIMIT', 0, 100)
  if #old > 0 then
    redis.call('ZREM', K.gone, unpack(old))
  end
  redis.call('ZADD', K.gone, now(), uid)
end

local function is_gone(uid)
  return redis.call('ZADD', K.gone, 'XX', 'INCR', 0, uid) -- ZSCORE would be one more right
end

local function remove(id)
  local state = get(id, 'state')
  if not is_terminal(state) then
    leave_queue(id)
  end
  redis.call('ZREM', K.tasks .. ':' .. state, id)
  redis.call('ZREM', K.tasks, id)
  redis.call('ZREM', K.finished, id)
  redis.call('DEL', K.task .. id)
  tell(id, 'deleted')
end
