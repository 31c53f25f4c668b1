-- Forgets tasks that ended long ago, and consumers that went away. ARGV: retention in ms, how many tasks at most,
-- idle time in ms after which a consumer that holds nothing is forgotten. Returns how many tasks went.
local retention, limit, consumer_idle = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local old = redis.call('ZRANGEBYSCORE', K.finished, '-inf', now() - retention, 'LIMIT', 0, limit)
for _, id in ipairs(old) do
  remove(id)
end
for _, row in ipairs(redis.call('XINFO', 'CONSUMERS', K.queue, K.group)) do
  local consumer = {}
  for i = 1, #row, 2 do
    consumer[row[i]] = row[i + 1]
  end
  if consumer.pending == 0 and consumer.idle > consumer_idle then
    redis.call('XGROUP', 'DELCONSUMER', K.queue, K.group, consumer.name)
  end
end
return #old
