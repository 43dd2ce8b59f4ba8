import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real clients and servers share two cores in CI: one that starts slowly must not look like one that is broken.
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // A signalling stack opens sockets and child processes; a process per file keeps one file's leftovers from another's.
    pool: 'forks',
    // Most of what takes long waits for time-outs of real programs: two at a time, also on two cores.
    maxWorkers: 2,
    minWorkers: 1,
    reporters: ['default'],
  },
});
