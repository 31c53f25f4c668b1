-- Accepts a task. ARGV: id, program, shots, seed or '', method, fingerprint, how many may be unfinished.
-- Returns accepted | replayed | mismatch | full. Repeating a call changes nothing, so a lost answer is safe to ask for again.
local id, qasm, shots, seed, method, fingerprint, max_unfinished = unpack(ARGV)
local known = get(id, 'fingerprint')
if known then
  return known == fingerprint and 'replayed' or 'mismatch'
end
if redis.call('XLEN', K.queue) >= tonumber(max_unfinished) then
  return 'full'
end
local seq = redis.call('INCR', K.seq)
local entry = redis.call('XADD', K.queue, '*', 'task', id)
redis.call('HSET', K.task .. id, 'qasm', qasm, 'shots', shots, 'seed', seed, 'method', method,
  'fingerprint', fingerprint, 'seq', seq, 'entry', entry, 'state', 'queued', 'reason', 'Queued',
  'attempts', 0, 'runs', 0, 'lease', '', 'created_at', now())
redis.call('ZADD', K.tasks, seq, id)
redis.call('ZADD', K.tasks .. ':queued', seq, id)
return 'accepted'
