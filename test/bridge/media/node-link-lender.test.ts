import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { MediaError } from '../../../src/bridge/media/media.js';
import { Lender } from '../../../src/bridge/media/node-link-lender.js';
import type { PartApi } from '../../../src/bridge/media/part-api.js';
import type { PartHandle } from '../../../src/bridge/media/part-place.js';
import { Rpc } from '../../../src/bridge/media/rpc.js';
import { portCarrier } from '../../../src/bridge/media/rpc-port.js';
import { until } from '../../support/until.js';

describe('a part that is lent to another node', () => {
  let rpc: Rpc;
  afterEach(() => rpc.close());

  /** A lender whose parts open as `open` says, and note that they close. */
  function lender(open: () => Promise<void>): { lent: Lender; closed: string[] } {
    const { port1, port2 } = new MessageChannel();
    const closed: string[] = [];
    const place = { node: 'here', load: 0, createPart: () => Promise.reject(new Error('not here')) } as const;
    const part: PartHandle = {
      id: '1',
      node: 'here',
      place,
      api: { open: () => open().then(() => ({ rtpCapabilities: {} })) } as unknown as PartApi,
      load: 0,
      carry: () => undefined,
      close: async () => void closed.push('1'),
    };
    const ended = () => undefined;
    const lent = new Lender(portCarrier(port1, 'close'), 'node b', async () => part, ended);
    const deaf = { call: async () => undefined, event: () => undefined, closed: () => undefined };
    rpc = new Rpc(portCarrier(port2, 'close'), deaf, { peer: 'node a' });
    return { lent, closed };
  }

  it('is closed when it does not open', async () => {
    const { lent, closed } = lender(() => Promise.reject(new MediaError('media_unavailable', 'its worker died')));
    await expect(rpc.call('far.1', 'open', [{ meeting: 'm', home: false }])).rejects.toThrow('its worker died');
    expect(closed).toEqual(['1']);
    expect(lent.parts).toBe(0);
  });

  it('is closed when the other node wants it no more before it is open', async () => {
    let ready: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => {
      ready = resolve;
    });
    const { lent, closed } = lender(() => opened);
    const opening = rpc.call('far.1', 'open', [{ meeting: 'm', home: false }]);
    await expect(rpc.call('far.1', 'close', [])).rejects.toMatchObject({ code: 'leg_gone' });
    ready();
    await expect(opening).rejects.toMatchObject({ code: 'leg_gone' });
    await until(
      () => closed.length === 1,
      () => 'the part to be closed',
    );
    expect(lent.parts).toBe(0);
  });
});
