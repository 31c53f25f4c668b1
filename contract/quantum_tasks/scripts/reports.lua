-- What is known of tasks' runs. ARGV: the largest result to give, in bytes, then ids.
-- Returns for each {uid, state, reason, attempts, started_at, finished_at, failure, summary, lease, what is shown before an end
-- that is not, bytes of the result, result or false}.
local most, rows = tonumber(ARGV[1]), {}
for i = 2, #ARGV do
  local key = K.task .. ARGV[i]
  local row = redis.call('HMGET', key,
    'uid', 'state', 'reason', 'attempts', 'started_at', 'finished_at', 'failure', 'summary', 'lease', 'before')
  local size = redis.call('HSTRLEN', key, 'outcome')
  row[11], row[12] = size, size > 0 and size <= most and redis.call('HGET', key, 'outcome')
  rows[#rows + 1] = row
end
return rows
