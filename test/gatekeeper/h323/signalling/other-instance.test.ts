import { describe, expect, it } from 'vitest';
import { writeEndpoint } from '../../../../src/gatekeeper/h323/ras/endpoint-json.js';
import { transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import { Alone } from '../../../../src/state/alone.js';
import type { EndpointStore } from '../../../../src/state/endpoint-store.js';
import { connect, hangUp, place } from './calls.js';
import { useWorld, type World } from './world.js';

const ID = 'x'.repeat(24);
const SYD = { address: '10.2.0.9', port: 1720 };

/** What the other instances have told, by endpointIdentifier. */
const told = new Map<string, string>();
const alone = new Alone();
const endpoints: EndpointStore = { ...alone.endpoints, isAlone: false, read: async (id) => found(told.get(id)) };
const found = (value: string | undefined) => (value === undefined ? ('away' as const) : { owner: 'two', value });
const world = useWorld({ shared: { endpoints, members: alone.members, calls: alone } });

/** The registry knows it, as all instances do. */
async function registeredElsewhere(
  { store }: World,
  alias: string,
  contact = `h323:${SYD.address}:${SYD.port}`,
  flow = `udp ras ${SYD.address}:1719`,
): Promise<void> {
  const contacts = [{ contact, key: contact, expires: 600, q: 1000, instance: ID, regId: 1, path: [], flow }];
  const limits = { organisation: 100, total: 100 };
  const change = {
    alias,
    organisation: 'syd',
    zone: 'syd',
    protocol: 'h323',
    callId: '',
    cseq: 0,
    contacts,
    removeAll: false,
    limits,
  } as const;
  expect(await store.registrations.apply(change)).toMatchObject({ ok: true });
}

describe('an endpoint that is registered at another instance', () => {
  it('is called where that instance says, over TLS where it takes that', async () => {
    const norr = await world().endpoint('461010001', 'norr');
    const tls = { ...SYD, port: 1300 };
    const syd = world().stranger(tls.address, tls.port);
    await registeredElsewhere(world(), '461020001');
    const proof = { user: '461020001', method: 'h235.1' } as const;
    told.set(
      ID,
      writeEndpoint({
        id: ID,
        zone: 'syd',
        organisation: 'syd',
        kind: 'terminal',
        aliases: ['461020001'],
        written: [{ type: 'dialedDigits', value: '461020001' }],
        prefixes: [],
        rasAddress: { ...SYD, port: 1719 },
        signalAddress: SYD,
        tlsAddress: tls,
        source: { ...SYD, port: 1719 },
        proof,
        tokenTime: 1,
        timeToLive: 300,
        expiresAt: world().clock.now() + 300_000,
        almostOutOfResources: false,
        supportsAltGk: true,
        vendor: '',
      }),
    );
    const placed = place(norr, '461020001');
    const callee = await syd.called();
    expect(syd.wires.map(({ link }) => link.connection.secure)).toEqual([true]);
    connect(callee, placed.identifier);
    await world().settle();
    expect(world().signalling.find(placed.callId)?.endpoints).toEqual([norr.id, ID]);
    await hangUp(world(), { ...placed, callee });
    expect(world().record()).toMatchObject({
      reason: 'completed',
      callee: { zone: 'syd', alias: '461020001' },
      route: 'registration 461020001',
    });
  });

  it('is called where its registration says when nothing can be learnt of it', async () => {
    told.clear();
    const norr = await world().endpoint('461010001', 'norr');
    const syd = world().stranger(SYD.address, SYD.port);
    await registeredElsewhere(world(), '461020001');
    const placed = place(norr, '461020001');
    const callee = await syd.called();
    connect(callee, placed.identifier);
    await hangUp(world(), { ...placed, callee });
    expect(world().record().reason).toBe('completed');
  });

  it('is called over TLS then, where its registration says so, and not in clear', async () => {
    told.clear();
    const norr = await world().endpoint('461010001', 'norr');
    const tls = { ...SYD, port: 1300 };
    const syd = world().stranger(tls.address, tls.port);
    await registeredElsewhere(world(), '461020001', `h323:${SYD.address}:${SYD.port};tls=${tls.address}:${tls.port}`);
    const placed = place(norr, '461020001');
    const callee = await syd.called();
    expect(syd.wires.map(({ link }) => link.connection.secure)).toEqual([true]);
    connect(callee, placed.identifier);
    await hangUp(world(), { ...placed, callee });
    expect(world().record().reason).toBe('completed');
  });

  it('is called as itself when its address is dialled, and calls as itself from there', async () => {
    told.clear();
    const norr = await world().endpoint('461010001', 'norr');
    const syd = world().stranger(SYD.address, SYD.port);
    await registeredElsewhere(world(), '461020001');
    const placed = place(norr, '', { setup: { destinationAddress: undefined, destCallSignalAddress: transportAddress(SYD) } });
    const callee = await syd.called();
    connect(callee, placed.identifier);
    await hangUp(world(), { ...placed, callee });
    const back = place(syd, '461010001');
    const called = await norr.called();
    connect(called, back.identifier);
    await hangUp(world(), { ...back, callee: called });
    const parties = world().records.map(({ caller, callee: other }) => [caller.alias, other?.alias]);
    expect(parties).toEqual([
      ['461010001', '461020001'],
      ['461020001', '461010001'],
    ]);
  });

  it('is not told by its address alone when it proved a password, or when nobody can read whether it did', async () => {
    told.clear();
    await world().endpoint('461010001', 'norr');
    for (const flow of [`udp ras ${SYD.address}:1719 h235.1 1768478400 461020001`, 'udp ras', 'udp ras of a later version']) {
      await registeredElsewhere(world(), '461020001', undefined, flow);
      const placed = place(world().stranger(SYD.address, SYD.port), '461010001');
      await world().settle();
      expect(placed.leg.types).toEqual(['releaseComplete']);
      expect(world().refused.splice(0)).toMatchObject([{ code: 'endpointNotRegistered' }]);
    }
  });
});
