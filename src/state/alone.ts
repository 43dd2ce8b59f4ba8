import type { CallStore } from './call-store.js';
import type { EndpointStore } from './endpoint-store.js';
import type { HintStore, MemberStore } from './member-store.js';

/** What an instance shares that is the only one: nothing. Each answer is the one that `CallStore` and the others promise for that case. */
export class Alone implements CallStore {
  readonly endpoints: EndpointStore = {
    put: () => undefined,
    remove: () => Promise.resolve(true),
    take: () => Promise.resolve(undefined),
    read: () => Promise.resolve(undefined),
    onMoved: () => nothing,
    isAlone: true,
  };
  readonly members: MemberStore = {
    self: 'alone',
    announce: () => undefined,
    drain: () => undefined,
    others: () => [],
    onChange: () => nothing,
  };
  readonly hints: HintStore = { tell: () => undefined, on: () => nothing };

  put(): void {}

  end(): Promise<boolean> {
    return Promise.resolve(true);
  }

  find(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  settle(open: readonly string[], ended: readonly string[]): Promise<ReadonlySet<string>> {
    return Promise.resolve(new Set([...open, ...ended]));
  }

  onTaken(): void {}

  onLost(): void {}

  over(): void {}

  onOver(): void {}

  handOver(): Promise<number> {
    return Promise.resolve(0);
  }
}

function nothing(): void {}
