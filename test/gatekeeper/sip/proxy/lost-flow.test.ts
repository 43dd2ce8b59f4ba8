import { describe, expect, it } from 'vitest';
import type { SipRequest } from '../../../../src/gatekeeper/sip/message/message.js';
import type { AsChild } from '../../../support/service.js';
import { answering, type SipClient, TestDialog } from '../../../support/sip-client.js';
import { until } from '../../../support/until.js';
import { kill, useInstances } from './instances.js';
import { number } from './world.js';

const instances = useInstances();

async function start(count: number): Promise<[AsChild, AsChild, AsChild | undefined]> {
  const [a, b, c] = await instances.start(count);
  if (!a || !b) throw new Error('several instances were asked for');
  return [a, b, c];
}

/** Settles when this instance knows that the client is registered at its present contact. */
async function knows(instance: AsChild, phone: SipClient): Promise<void> {
  await until(
    async () => (await (await fetch(`${instance.url}/api/v1/registrations?limit=1000`)).text()).includes(`${phone.contact}"`),
    () => `the instance to know of ${phone.contact}`,
  );
}

/** A call over an instance's TCP connection to the callee, made at another instance. */
async function talk(flowAt: AsChild, callAt: AsChild) {
  const callee = await instances.phone(flowAt, number('norr'), { transport: 'tcp' });
  const caller = await instances.phone(callAt, number('syd'));
  callee.behaviour = answering();
  caller.behaviour = answering();
  await knows(callAt, callee);
  const invite: SipRequest = await caller.invite(`${callee.user}@norr.example`);
  const arrived = await callee.request('INVITE');
  const ok = await caller.response(invite, 200);
  const callerDialog = TestDialog.ofCaller(caller, invite, ok);
  callerDialog.send('ACK');
  await callee.request('ACK');
  await instances.told(invite.callId);
  return { callId: invite.callId, caller, callee, callerDialog, calleeDialog: TestDialog.ofCallee(callee, arrived, ok) };
}

function report(what: string, since: number): void {
  process.stdout.write(`${what} after ${Math.round(performance.now() - since)} ms\n`);
}

// Each test starts processes of its own.
describe('an instance that has the callee’s connection', { timeout: 90_000 }, () => {
  it('is killed, and the callee registers at the instance of the call: there the call goes on', async () => {
    const [a, b] = await start(2);
    const call = await talk(a, b);
    await kill(a);
    const again = await instances.phone(b, call.callee.user, { transport: 'tcp' });
    again.behaviour = answering();
    const since = performance.now();
    const bye = call.callerDialog.send('BYE');
    expect((await again.request('BYE')).callId).toBe(call.callId);
    await call.caller.response(bye, 200);
    report('BYE over the connection made anew: answered', since);
    expect(await instances.record(call.callId)).toMatchObject({ reason: 'completed', status: 200 });
  });

  it.each([
    ['killed', 'SIGKILL' as const],
    ['stopped without a word', 'SIGSTOP' as const],
  ])('is %s: whoever calls next hears so soon', async (_how, signal) => {
    const [a, b] = await start(2);
    const callee = await instances.phone(a, number('norr'), { transport: 'tcp' });
    const caller = await instances.phone(b, number('syd'));
    await knows(b, callee);
    a.program.signal(signal);
    const since = performance.now();
    const invite = await caller.invite(`${callee.user}@norr.example`);
    const { status } = await caller.response(invite);
    report(`Call to an endpoint of an instance that got ${signal}: ${status}`, since);
    expect(status).toBe(480);
  });
});

describe('an instance that has the call, and not the callee’s connection', { timeout: 90_000 }, () => {
  it('is killed, and the callee hangs up over its connection', async () => {
    const [a, b] = await start(2);
    const call = await talk(a, b);
    await kill(b);
    const since = performance.now();
    const bye = call.calleeDialog.send('BYE');
    expect((await call.caller.request('BYE')).callId).toBe(call.callId);
    await call.callee.response(bye, 200);
    report('BYE over the connection at another instance: answered', since);
    expect(await instances.record(call.callId)).toMatchObject({ reason: 'completed', status: 200 });
  });

  it('is killed, and the caller turns to the instance with the connection', async () => {
    const [a, b] = await start(2);
    const call = await talk(a, b);
    await kill(b);
    call.caller.turnTo(a.ports.udp);
    const bye = call.callerDialog.send('BYE');
    expect((await call.callee.request('BYE')).list('via')).toHaveLength(2);
    await call.caller.response(bye, 200);
    expect(await instances.record(call.callId)).toMatchObject({ reason: 'completed', status: 200 });
  });

  it('is killed, and the caller turns to a third one', async () => {
    const [a, b, c] = await start(3);
    if (!c) throw new Error('three instances were asked for');
    const call = await talk(a, b);
    await kill(b);
    call.caller.turnTo(c.ports.udp);
    const bye = call.callerDialog.send('BYE');
    expect((await call.callee.request('BYE')).list('via')).toHaveLength(3);
    await call.caller.response(bye, 200);
    expect(await instances.record(call.callId)).toMatchObject({ reason: 'completed', status: 200 });
  });
});
