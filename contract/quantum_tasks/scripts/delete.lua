-- Forgets a task, whatever its state. ARGV: id. Returns 1, or 0 for an unknown id.
if not get(ARGV[1], 'state') then
  return 0
end
remove(ARGV[1])
return 1
