-- Keeps leases from running out. ARGV: consumer, then an id and a lease token for each.
-- Returns the tokens of leases that are no longer this consumer's: lost, cancelled, deleted or ended.
local consumer, lost = ARGV[1], {}
for i = 2, #ARGV, 2 do
  local id, token = ARGV[i], ARGV[i + 1]
  local state, lease, entry = unpack(redis.call('HMGET', K.task .. id, 'state', 'lease', 'entry'))
  if state == 'running' and lease == token then
    redis.call('XCLAIM', K.queue, K.group, consumer, 0, entry, 'IDLE', 0, 'JUSTID')
  else
    lost[#lost + 1] = token
  end
end
return lost
