import { describe, expect, it } from 'vitest';
import { freePort } from '../../../support/free-port.js';
import { testPlan, trunk } from '../../../support/plan.js';
import { sdes } from '../../../support/sdp.js';
import { answering, refusing, TestDialog } from '../../../support/sip-client.js';
import { number, useWorld } from './world.js';

let ports: number[] = [];
const world = useWorld(async () => {
  ports = [await freePort(), await freePort()];
  return {
    plan: testPlan(({ organisations }) => {
      organisations.trunk = trunk(ports.map((port, priority) => ({ port, priority })));
    }),
  };
});

describe('forking', () => {
  it('rings every contact of equal preference; the first to answer has the call and the others are told', async () => {
    const callee = number('syd');
    const caller = await world.phone(number('norr'));
    const slow = await world.phone(callee);
    const quick = await world.phone(callee);
    const invite = await caller.invite(`${callee}@norr.example`);
    const [atSlow, atQuick] = [await slow.request('INVITE'), await quick.request('INVITE')];
    slow.reply(atSlow, 180);
    await caller.response(invite, 180);
    quick.reply(atQuick, 200, { body: sdes() });
    const ok = await caller.response(invite, 200);
    const cancel = await slow.request('CANCEL');
    expect(cancel.get('reason')).toContain('cause=200');
    slow.reply(cancel, 200);
    slow.reply(atSlow, 487);
    await slow.request('ACK');
    const dialog = TestDialog.ofCaller(caller, invite, ok);
    dialog.send('ACK');
    await quick.request('ACK');
    quick.behaviour = answering();
    await world.hangUp(dialog);
    expect((await world.record(invite)).reason).toBe('completed');
  });

  it('tries contacts by their q, the lower after the higher said no', async () => {
    const callee = number('syd');
    const caller = await world.phone(number('norr'));
    const second = await world.phone(callee, answering(), { q: 0.3 });
    const first = await world.phone(callee, refusing(486), { q: 0.9 });
    const invite = await caller.invite(`${callee}@norr.example`);
    await first.request('INVITE');
    await caller.response(invite, 200);
    await second.request('INVITE');
    expect((await first.request('ACK')).cseq.seq).toBe(invite.cseq.seq);
  });

  it('passes on the best of many refusals', async () => {
    const callee = number('syd');
    const caller = await world.phone(number('norr'));
    await world.phone(callee, refusing(480));
    await world.phone(callee, refusing(486));
    const invite = await caller.invite(`${callee}@norr.example`);
    const response = await caller.response(invite);
    caller.acknowledge(invite, response);
    expect([480, 486]).toContain(response.status);
    expect(await world.record(invite)).toMatchObject({ status: response.status });
  });

  it('stops at a 6xx from one of them', async () => {
    const callee = number('syd');
    const caller = await world.phone(number('norr'));
    const ringing = await world.phone(callee);
    await world.phone(callee, refusing(603));
    const invite = await caller.invite(`${callee}@norr.example`);
    const at = await ringing.request('INVITE');
    ringing.reply(at, 180);
    ringing.reply(await ringing.request('CANCEL'), 200);
    ringing.reply(at, 487);
    const response = await caller.response(invite);
    caller.acknowledge(invite, response);
    expect(response.status).toBe(603);
    expect(await world.record(invite)).toMatchObject({ reason: 'calleeDeclined', status: 603 });
  });
});

describe('the caller gives up', () => {
  it('while it rings: CANCEL goes on, 487 comes back', async () => {
    const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
    const invite = await caller.invite(`${callee.user}@norr.example`);
    const arrived = await callee.request('INVITE');
    callee.reply(arrived, 180);
    await caller.response(invite, 180);
    const cancel = caller.cancel(invite, { Reason: 'SIP;cause=487;text="Wrong number"' });
    await caller.response(cancel, 200);
    const passed = await callee.request('CANCEL');
    expect(passed.get('reason')).toContain('Wrong number');
    callee.reply(passed, 200);
    callee.reply(arrived, 487);
    await callee.request('ACK');
    caller.acknowledge(invite, await caller.response(invite, 487));
    expect(await world.record(invite)).toMatchObject({ reason: 'callerCancelled', answer: null });
  });

  it('before anything was heard: the caller is free at once, and the called party is told as soon as it speaks', async () => {
    const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
    const invite = await caller.invite(`${callee.user}@norr.example`);
    const arrived = await callee.request('INVITE');
    caller.cancel(invite);
    caller.acknowledge(invite, await caller.response(invite, 487));
    expect(callee.has('CANCEL')).toBe(false);
    callee.reply(arrived, 180);
    callee.reply(await callee.request('CANCEL'), 200);
    callee.reply(arrived, 487);
    await callee.request('ACK');
    expect((await world.record(invite)).reason).toBe('callerCancelled');
  });

  it('as the other side answers: the answer is taken back with ACK and BYE', async () => {
    const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
    const invite = await caller.invite(`${callee.user}@norr.example`);
    const arrived = await callee.request('INVITE');
    caller.cancel(invite);
    caller.acknowledge(invite, await caller.response(invite, 487));
    callee.reply(arrived, 200, { body: sdes() });
    await callee.request('ACK');
    callee.reply(await callee.request('BYE'), 200);
    expect((await world.record(invite)).reason).toBe('callerCancelled');
  });
});

describe('the called side says no', () => {
  it.each([
    [486, 'calleeBusy'],
    [603, 'calleeDeclined'],
    [404, 'calleeUnknownThere'],
    [488, 'calleeRejectedMedia'],
    [480, 'noAnswer'],
  ] as const)('with %i: the caller hears it and the record says %s', async (status, reason) => {
    const caller = await world.phone(number('norr'));
    const callee = await world.phone(number('syd'), refusing(status, { 'X-From-Callee': 'yes' }));
    const invite = await caller.invite(`${callee.user}@norr.example`);
    const response = await caller.response(invite);
    caller.acknowledge(invite, response);
    expect(response.status).toBe(status);
    expect(response.get('x-from-callee')).toBe('yes');
    expect(await world.record(invite)).toMatchObject({ reason, status, answer: null, durationSeconds: 0 });
  });
});

describe('routes', () => {
  it.each([503, 500, 408, 430])('the next peer is tried after %i', async (status) => {
    const caller = await world.phone(number('norr'));
    const first = await world.peer(ports[0] ?? 0, refusing(status));
    await world.peer(ports[1] ?? 0, answering());
    const invite = await caller.invite('463010001@norr.example');
    const dialog = TestDialog.ofCaller(caller, invite, await caller.response(invite, 200));
    dialog.send('ACK');
    await first.request('INVITE');
    await world.hangUp(dialog);
    expect(await world.record(invite)).toMatchObject({ routesTried: 2, route: `peer trunk/127.0.0.1:${ports[1]};udp` });
  });

  it('a busy peer is no reason to try another', async () => {
    const caller = await world.phone(number('norr'));
    await world.peer(ports[0] ?? 0, refusing(486));
    const other = await world.peer(ports[1] ?? 0, answering());
    const invite = await caller.invite('463010001@norr.example');
    caller.acknowledge(invite, await caller.response(invite, 486));
    expect(other.has('INVITE')).toBe(false);
    expect(await world.record(invite)).toMatchObject({ reason: 'calleeBusy', routesTried: 1 });
  });

  it('a call from the trunk comes in by the address of its peer, with no password', async () => {
    const callee = await world.phone(number('norr'), answering());
    const peer = await world.peer(ports[0] ?? 0, answering(), { port: world.service.ports.udp });
    const invite = await peer.invite(`${callee.user}@norr.example`, { headers: { From: `<sip:463010009@trunk.example>;tag=${ports[0]}` } });
    const dialog = TestDialog.ofCaller(peer, invite, await peer.response(invite, 200));
    dialog.send('ACK');
    await world.hangUp(dialog);
    expect(await world.record(invite)).toMatchObject({
      caller: { organisation: 'trunk', alias: '463010009' },
      callee: { organisation: 'norr' },
    });
  });
});

describe('what the gatekeeper refuses', () => {
  it.each([
    ['a number nobody has', '461999999@norr.example', {}, 404, 'addressUnknown'],
    ['a number with a digit too few', '46102001@norr.example', {}, 484, 'addressIncomplete'],
    ['an address nobody has', 'sip:someone@elsewhere.example', {}, 403, 'internetOutboundOff'],
    ['a number nobody registered', '461029998@norr.example', {}, 480, 'calleeNotRegistered'],
    ['no hops left', '461020001@norr.example', { 'Max-Forwards': '0' }, 483, undefined],
    ['an extension it does not know', '461020001@norr.example', { 'Proxy-Require': 'foo' }, 420, undefined],
    ['a scheme it does not know', 'mailto:anna@norr.example', {}, 416, undefined],
    [
      'a caller with a number of another organisation',
      '461020001@norr.example',
      { From: '<sip:461020007@syd.example>;tag=x1' },
      403,
      'callerIdentityForeign',
    ],
  ] as const)('%s', async (_what, to, headers, status, reason) => {
    const caller = await world.phone(number('norr'));
    const invite = await caller.invite(to, { headers });
    const response = await caller.response(invite);
    caller.acknowledge(invite, response);
    expect(response.status).toBe(status);
    expect(response.get('warning')).toMatch(/^399 portvakt "/);
    expect(response.get('reason')).toContain(`SIP;cause=${status}`);
    if (reason !== undefined) expect(await world.record(invite)).toMatchObject({ reason, status });
  });

  it('a stranger: 403 without a password asked', async () => {
    const stranger = await world.client('stranger', { domain: 'elsewhere.example' });
    const invite = await stranger.invite('461020001@norr.example');
    expect((await stranger.response(invite)).status).toBe(403);
  });

  it('a loop: a request that comes back as it went', async () => {
    const caller = await world.phone(number('norr'));
    const callee = await world.phone(number('syd'));
    const invite = await caller.invite(`${callee.user}@norr.example`);
    const arrived = await callee.request('INVITE');
    // The called party's "proxy" sends it back to the gatekeeper, unchanged but for its own Via.
    const back = arrived.clone();
    back.remove('record-route');
    back.prepend('via', callee.newVia());
    back.uri = invite.uri;
    callee.send(back);
    expect((await callee.response(back)).status).toBe(482);
    callee.reply(arrived, 486);
    caller.acknowledge(invite, await caller.response(invite, 486));
  });
});
