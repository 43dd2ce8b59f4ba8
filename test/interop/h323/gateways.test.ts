import { describe, expect, it } from 'vitest';
import { H323Endpoint } from '../../../src/simulator/h323/endpoint.js';
import type { H323EndpointOptions } from '../../../src/simulator/h323/endpoint-options.js';
import { gateway, type TestZone, testPlan } from '../../support/plan.js';
import type { InProcess } from '../../support/service.js';
import {
  addressesOf,
  aliases,
  arrived,
  as,
  closing,
  counts,
  endpoint,
  gatekeeper,
  newHost,
  rasOf,
  registered,
  settled,
  talk,
} from './world.js';

function withGateway(zone: Partial<TestZone> = {}): Promise<InProcess> {
  const plan = testPlan(({ organisations }) => {
    organisations.vik = gateway(zone);
  });
  return gatekeeper({ plan });
}

/** A gateway of vik (46201) that is registered. */
function gatewayOf(service: InProcess, options: Partial<H323EndpointOptions> = {}): Promise<H323Endpoint> {
  const own = { type: 'gateway', aliases: [{ h323Id: 'gw-vik' }], prefixes: ['46201'], password: as('gw-vik') } as const;
  return registered(rasOf(service), 'gw-vik', { ...own, ...options });
}

describe('a gateway', () => {
  it('gets the calls to its prefix, and calls as any number behind it', async () => {
    const service = await withGateway();
    const gw = await gatewayOf(service);
    const anna = await registered(rasOf(service), '461010001');
    const { call, other } = await talk(anna, '462010042', gw);
    expect(other.setup?.destinationAddress).toEqual([{ type: 'dialedDigits', value: '462010042' }]);
    expect(other.sharedSecret).toEqual(call.sharedSecret);
    call.hangUp();
    const sourceAddress = [{ type: 'dialedDigits', value: '462010077' }] as const;
    const out = gw.call('461010001', { setup: { sourceAddress } });
    await out.mediaReady;
    expect((await arrived(anna)).callingAliases).toEqual(['462010077']);
    out.hangUp();
    const records = await settled(service, 2);
    expect(records).toMatchObject([
      { callee: { zone: 'vik', organisation: 'vik', alias: '462010042' }, route: 'prefix 46201', reason: 'completed' },
      { caller: { zone: 'vik', alias: '462010077' }, callee: { alias: '461010001' }, reason: 'completed' },
    ]);
  });

  it('may not take prefixes or numbers of others, nor call as one of them', async () => {
    const service = await withGateway();
    const greedy = await endpoint(rasOf(service), 'gw-vik', {
      type: 'gateway',
      aliases: [{ h323Id: 'gw-vik' }],
      prefixes: ['46201', '46102'],
      password: as('gw-vik'),
    });
    expect(await greedy.register()).toEqual({ outcome: 'rejected', by: 'registration', reason: 'invalidAlias' });
    const gw = await gatewayOf(service);
    const anna = await registered(rasOf(service), '461010001');
    const call = gw.call('461010001', { setup: { sourceAddress: [{ type: 'dialedDigits', value: '461020001' }] } });
    expect(await call.released).toMatchObject({ by: 'them', reason: 'noPermission' });
    expect(anna.incoming).toEqual([]);
    const [record] = await settled(service, 1);
    expect(record).toMatchObject({ reason: 'callerIdentityForeign', caller: { zone: 'vik' } });
  });

  it('that is nearly full is tried after the other', async () => {
    const service = await withGateway();
    const first = await gatewayOf(service, { aliases: [{ h323Id: 'gw-1' }] });
    const second = await gatewayOf(service, { aliases: [{ h323Id: 'gw-2' }] });
    const anna = await registered(rasOf(service), '461010001');
    for (const [full, free] of [
      [first, second],
      [second, first],
    ] as const) {
      expect(await full.reportResources(true)).toMatchObject({ message: { type: 'resourcesAvailableConfirm' } });
      await free.reportResources(false);
      const before = free.incoming.length;
      const { call } = await talk(anna, '462010001', free);
      call.hangUp();
      await call.released;
      expect(free.incoming).toHaveLength(before + 1);
    }
    await settled(service, 2);
  });

  it('that has no channel free, or is dead, costs the call nothing but time: the next one gets it', async () => {
    const service = await withGateway();
    const full = await gatewayOf(service, {
      aliases: [{ h323Id: 'gw-1' }],
      onIncoming: (call) => call.hangUp({ type: 'gatewayResources', value: null }, 34),
    });
    const dead = await gatewayOf(service, { aliases: [{ h323Id: 'gw-2' }] });
    const free = await gatewayOf(service, { aliases: [{ h323Id: 'gw-3' }] });
    expect(await aliases(service)).toContain('gw-3');
    await dead.die();
    // Both say that they have room; so does the one that takes the call, last.
    await free.reportResources(true);
    const anna = await registered(rasOf(service), '461010001');
    const { call } = await talk(anna, '462010001', free);
    call.hangUp();
    const [record] = await settled(service, 1);
    expect(record).toMatchObject({ reason: 'completed', routesTried: 3, route: 'prefix 46201' });
    expect(full.incoming).toHaveLength(1);
  });
});

describe('an endpoint that does not register', () => {
  const call = async (service: InProcess, host: string) => {
    const caller = closing(await H323Endpoint.start({ address: host, aliases: [{ e164: '462010005' }] }), (one) => one.close());
    return caller.call('461010001', { address: addressesOf(service.service.h323Listeners).tcp });
  };

  it('calls where its zone allows it, from the addresses of the zone', async () => {
    const host = newHost();
    const service = await withGateway({ unregistered: true, sources: { addresses: [host] } });
    const anna = await registered(rasOf(service), '461010001');
    const made = await call(service, host);
    await made.mediaReady;
    expect((await arrived(anna)).callingAliases).toEqual(['462010005']);
    made.hangUp();
    const [record] = await settled(service, 1);
    expect(record).toMatchObject({ reason: 'completed', caller: { zone: 'vik', alias: '462010005' } });
  });

  it('and not where it does not', async () => {
    const host = newHost();
    const service = await withGateway({ sources: { addresses: [host] } });
    const anna = await registered(rasOf(service), '461010001');
    expect(await (await call(service, host)).released).toMatchObject({ by: 'them', reason: 'callerNotRegistered' });
    expect(await (await call(service, newHost())).released).toMatchObject({ by: 'them', reason: 'noPermission' });
    expect(anna.incoming).toEqual([]);
    const [record] = await settled(service, 1);
    expect(record).toMatchObject({ reason: 'endpointNotRegistered', caller: { zone: 'vik' } });
    await counts(service, 'portvakt_h323_refusals_total{reason="caller_unknown"}', 1);
  });
});
