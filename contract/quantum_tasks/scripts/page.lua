-- Lists tasks, newest first. ARGV: state or '', number below which to look or '', how many, then the fields to give.
-- Returns a row {number, id, field...} for each.
local state, below, limit = unpack(ARGV)
local index = state == '' and K.tasks or K.tasks .. ':' .. state
local max = below == '' and '+inf' or '(' .. below
local found = redis.call('ZREVRANGEBYSCORE', index, max, '-inf', 'WITHSCORES', 'LIMIT', 0, limit)
local fields, rows = {unpack(ARGV, 4)}, {}
for i = 1, #found, 2 do
  rows[#rows + 1] = {found[i + 1], found[i], unpack(redis.call('HMGET', K.task .. found[i], unpack(fields)))}
end
return rows
