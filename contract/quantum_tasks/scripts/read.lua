-- Reads tasks. ARGV: how many bytes of outcomes to give, '1' if the first is to be given however large it is, then ids.
-- Returns for each {result field..., what is shown before an end that is not, bytes of an outcome that is left out or 0},
-- or false where there is no such task.
local left, first, rows = tonumber(ARGV[1]), ARGV[2] == '1', {}
for i = 3, #ARGV do
  local key = K.task .. ARGV[i]
  local size, row = redis.call('HSTRLEN', key, 'outcome'), false
  if size == 0 or first or size <= left then
    row = redis.call('HMGET', key, unpack(RESULT_FIELDS))
    first, left = first and size == 0, math.max(0, left - size)
    size = 0
  else
    row = redis.call('HMGET', key, unpack(FIELDS))
    row[#RESULT_FIELDS] = false
  end
  row[#RESULT_FIELDS + 1] = redis.call('HGET', key, 'before')
  row[#RESULT_FIELDS + 2] = size
  rows[#rows + 1] = row[1] and row
end
return rows
