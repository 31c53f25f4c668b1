-- Ends a task with what a run gave. ARGV: id, lease token, state, reason, the field to set, its JSON.
-- Returns ok | lost. Repeating a call that was carried out is ok again; a lost lease or an ended task changes nothing.
local id, token, state, reason, field, json = unpack(ARGV)
local current, lease = unpack(redis.call('HMGET', K.task .. id, 'state', 'lease'))
if lease ~= token then
  return 'lost'
end
if current == 'running' then
  finish(id, state, reason, {field, json})
  return 'ok'
end
return current == state and 'ok' or 'lost'
