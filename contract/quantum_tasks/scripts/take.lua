-- Takes over entries whose holders let their leases run out. ARGV: consumer, ms after which a lease is over, how many at most.
-- Returns the entries.
local consumer, idle, count = unpack(ARGV)
-- What was taken before the clock was set back looks as if taken just now, until the clock is there again: for as long
-- nobody could take it over. Its lease counts from now.
for _, row in ipairs(redis.call('XPENDING', K.queue, K.group, '-', '+', 1000)) do
  local entry, holder, since = unpack(row)
  if since == 0 then
    redis.call('XCLAIM', K.queue, K.group, holder, 0, entry, 'IDLE', 0, 'JUSTID')
  end
end
return redis.call('XAUTOCLAIM', K.queue, K.group, consumer, idle, '0', 'COUNT', count, 'JUSTID')[2]
