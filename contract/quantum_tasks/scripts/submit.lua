-- Accepts a task. ARGV: id, program, shots, seed or '', method, fingerprint, how many may be unfinished, '1' to queue it
-- for a worker or '0', the uid of its resource or '', then more names and values of the task.
-- Returns {accepted | replayed, result field...}, or mismatch | full | gone. Repeating a call changes nothing, so a lost answer is
-- safe to ask for again.
local id, qasm, shots, seed, method, fingerprint, max_unfinished, queued, uid = unpack(ARGV)
if uid ~= '' and is_gone(uid) then
  return 'gone'
end
local known, known_uid = unpack(redis.call('HMGET', K.task .. id, 'fingerprint', 'uid'))
if known and uid ~= '' and known_uid ~= uid then
  remove(id) -- an earlier object of the same name
  known = nil
end
local function receipt(word)
  return {word, unpack(redis.call('HMGET', K.task .. id, unpack(RESULT_FIELDS)))}
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
  'attempts', 0, 'lease', '', 'created_at', now(), 'uid', uid, unpack(ARGV, 10))
if queued == '1' then
  enqueue(id)
end
redis.call('ZADD', K.tasks, seq, id)
redis.call('ZADD', K.tasks .. ':queued', seq, id)
return receipt('accepted')
