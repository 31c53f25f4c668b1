-- Ends a task with what a run gave. ARGV: id, lease token, state, reason, then names and values to set.
-- Returns ok | lost. Repeating a call that was carried out is ok again; a lost lease or an ended task changes nothing,
-- nor does a run that was taken for lost: who asks to begin again goes on with it.
local id, token, state, reason = unpack(ARGV)
local current, lease = unpack(redis.call('HMGET', K.task .. id, 'state', 'lease'))
if not current or lease ~= token or current == 'queued' then
  return 'lost'
end
if not is_terminal(current) then
  finish(id, state, reason, {unpack(ARGV, 5)})
  return 'ok'
end
return current == state and 'ok' or 'lost'
