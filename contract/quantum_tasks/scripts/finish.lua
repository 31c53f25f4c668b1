-- Ends tasks with what their runs gave. ARGV for each: id, lease token, state, reason, how many values follow, and these:
-- names and values to set.
-- Returns ok | lost for each. Repeating a call that was carried out is ok again; a lost lease or an ended task changes nothing,
-- nor does a run that was taken for lost: who asks to begin again goes on with it.
local answers, at = {}, 1
while at <= #ARGV do
  local id, token, state, reason, count = unpack(ARGV, at, at + 4)
  local fields = {unpack(ARGV, at + 5, at + 4 + count)}
  at = at + 5 + count
  local current, lease = unpack(redis.call('HMGET', K.task .. id, 'state', 'lease'))
  local answer
  if not current or lease ~= token or current == 'queued' then
    answer = 'lost'
  elseif not is_terminal(current) then
    finish(id, state, reason, fields)
    answer = 'ok'
  else
    answer = current == state and 'ok' or 'lost'
  end
  answers[#answers + 1] = answer
end
return answers
