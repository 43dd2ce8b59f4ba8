/** One benchmark: a module that prints its rows as JSON lines when it is run, in a process of its own. */
export interface Benchmark {
  readonly name: string;
  readonly file: string;
  /** What `--quick` adds to its command line; undefined: `--quick` leaves it out. */
  readonly quick: readonly string[] | undefined;
}

export const catalogue: readonly Benchmark[] = [
  { name: 'resolver', file: 'resolver.bench.js', quick: [] },
  { name: 'registry', file: 'registry.bench.js', quick: [] },
  { name: 'sip-message', file: 'sip-message.bench.js', quick: [] },
  { name: 'sip-transaction', file: 'sip-transaction.bench.js', quick: [] },
  { name: 'transport', file: 'transport.bench.js', quick: [] },
  { name: 'registrar', file: 'registrar.bench.js', quick: [] },
  { name: 'state', file: 'state.bench.js', quick: ['--quick'] },
  { name: 'instances', file: 'instances.bench.js', quick: ['--quick'] },
  { name: 'fuzz', file: 'sip-fuzz.js', quick: ['50000'] },
  { name: 'h323-codec', file: 'h323-codec.bench.js', quick: [] },
  { name: 'h323-fuzz', file: 'h323-fuzz.js', quick: ['50000'] },
  { name: 'h323-ras', file: 'h323-ras.bench.js', quick: ['--quick'] },
  { name: 'h323-calls', file: 'h323-calls.bench.js', quick: ['--quick'] },
  { name: 'video-switch', file: 'video-switch.bench.js', quick: [] },
  { name: 'switch-time', file: 'switch-time.bench.js', quick: ['--quick'] },
  { name: 'meeting-forwarding', file: 'meeting-forwarding.bench.js', quick: ['--quick'] },
  { name: 'audio-mix', file: 'audio-mix.bench.js', quick: ['--quick'] },
  { name: 'kamailio', file: 'kamailio.bench.js', quick: ['--quick'] },
  { name: 'delay', file: 'delay.bench.js', quick: ['--quick'] },
  { name: 'soak', file: 'soak.bench.js', quick: undefined },
];
