-- Takes away what ran out. ARGV: owner, now (ms), longest stream, most aliases. Returns how many it looked at.
return sweep(ARGV[2], ARGV[1], ARGV[3], tonumber(ARGV[4]))
