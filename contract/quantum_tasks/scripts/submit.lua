-- Accepts a task. ARGV: id, program, shots, seed or '', method, fingerprint, how many may be unfinished, '1' to queue it
-- for a worker or '0', the uid of its resource or '', the largest outcome to give, in bytes, then more names and values of
-- the task. Returns {accepted | replayed, result field..., bytes of an outcome that is left out or 0}, or mismatch | full |
-- gone. Repeating a call changes nothing, so a lost answer is safe to ask for again.
local id, qasm, shots, seed, method, fingerprint, max_unfinished, queued, uid, most = unpack(ARGV)
if uid ~= '' and is_gone(uid) then
  return 'gone'
end
local known, known_uid = unpack(redis.call('HMGET', K.task .. id, 'fingerprint', 'uid'))
if known and uid ~= '' and known_uid ~= uid then
  remove(id) -- an earlier object of the same name
  known = nil
end
local function receipt(word)
  local size = redis.call('HSTRLEN', K.task .. id, 'outcome')
  if size <= tonumber(most) then
    size = 0
  end
  local row = redis.call('HMGET', K.task .. id, unpack(size == 0 and RESULT_FIELDS or FIELDS))
  row[#RESULT_FIELDS], row[#RESULT_FIELDS + 1] = row[#RESULT_FIELDS] or false, size
  return {word, unpack(row)}
end
if known then
  return known == fingerprint and receipt('replayed') or 'mismatch'
end
if redis.call('ZCARD', K.tasks .. ':queued') + redis.call('ZCARD', K.tasks .. ':running') >= tonumber(max_unfinished) then
  return 'full'
end
local seq = redis.call('INCR', K.seq)
redis.call('HSET', K.task .. id, 'qasm', qasm, 'shots', shots, 'seed', seed, 'method', method,
  'fingerprint', fingerprint, 'seq', seq, 'entry', '', 'state', 'queued', 'reason', 'Queued',
  'attempts', 0, 'lease', '', 'created_at', now(), 'uid', uid, unpack(ARGV, 11))
if queued == '1' then
  enqueue(id)
end
redis.call('ZADD', K.tasks, seq, id)
redis.call('ZADD', K.tasks .. ':queued', seq, id)
return receipt('accepted')
