import { afterEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/clock.js';
import type { H225Message } from '../../../src/gatekeeper/h323/q931/h225-message.js';
import { callStateOf, callStates } from '../../../src/gatekeeper/h323/q931/information-elements.js';
import type { Call } from '../../../src/simulator/h323/call.js';
import type { Encryption, H245Mode } from '../../../src/simulator/h323/call-host.js';
import { informationMessage } from '../../../src/simulator/h323/call-messages.js';
import { H323Endpoint } from '../../../src/simulator/h323/endpoint.js';
import type { H323EndpointOptions } from '../../../src/simulator/h323/endpoint-options.js';
import { mediaAlgorithms } from '../../../src/simulator/h323/h245/session-key.js';
import { type SignallingConnection, SignallingListener } from '../../../src/simulator/h323/signalling.js';
import { makeCertificateAuthority } from '../../support/certificates.js';
import { until } from '../../support/until.js';

const open: H323Endpoint[] = [];

async function endpoint(options: Partial<H323EndpointOptions> = {}): Promise<H323Endpoint> {
  const started = await H323Endpoint.start({ address: '127.0.0.1', aliases: [{ e164: '461010001' }], ...options });
  open.push(started);
  return started;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

/** Both ends of a call that is being made. */
async function taken(called: H323Endpoint): Promise<Call> {
  return await until(
    () => called.incoming.at(-1),
    () => 'the call to come',
  );
}

function sides(call: Call) {
  return call.channels.map(({ direction, media, state, algorithm, key }) => ({ direction, media, state, algorithm, key }));
}

describe('a call between two endpoints', () => {
  const modes: H245Mode[] = ['tunnelled', 'separate', 'fastStart'];
  const encryptions: Encryption[] = ['none', 'aes128', 'aes256'];
  const table = modes.flatMap((h245) => encryptions.map((encryption) => ({ h245, encryption })));

  it.each(table)('opens audio and video both ways: H.245 $h245, encryption $encryption', async ({ h245, encryption }) => {
    const anna = await endpoint({ address: '127.0.0.2', aliases: [{ e164: '461010001' }, { h323Id: 'norr1' }], h245, encryption });
    const bo = await endpoint({ address: '127.0.0.3', aliases: [{ e164: '461020001' }], h245, encryption });
    const call = anna.call('461020001', { address: bo.signalAddress });
    await call.mediaReady;
    const came = await taken(bo);
    await came.mediaReady;

    expect(came.callIdentifier).toEqual(call.callIdentifier);
    expect(came.callReference).toBe(call.callReference);
    expect(came.callingAliases).toEqual(['461010001', 'norr1']);
    expect(came.setup?.destinationAddress).toEqual([{ type: 'dialedDigits', value: '461020001' }]);
    for (const end of [call, came]) {
      expect(end.h245Problems).toEqual([]);
      expect(end.channels.map(({ direction, media, state }) => `${direction} ${media} ${state}`).sort()).toEqual([
        'in audio open',
        'in video open',
        'out audio open',
        'out video open',
      ]);
      expect(end.channels.every(({ rtp }) => rtp !== undefined)).toBe(true);
    }
    // Keys pass end to end: one secret, and of each channel the same session key at its two ends.
    if (encryption === 'none') {
      expect(call.sharedSecret).toBeUndefined();
      expect(sides(call).every(({ algorithm, key }) => algorithm === undefined && key === undefined)).toBe(true);
    } else {
      expect(call.sharedSecret?.length).toBe(encryption === 'aes128' ? 128 : 256);
      expect(came.sharedSecret).toEqual(call.sharedSecret);
      const ours = new Map(sides(call).map(({ direction, media, key }) => [`${direction} ${media}`, key]));
      for (const { direction, media, key, algorithm } of sides(came)) {
        expect(algorithm).toBe(mediaAlgorithms[encryption].oid);
        expect(key?.length).toBe(mediaAlgorithms[encryption].keyBytes);
        expect(ours.get(`${direction === 'in' ? 'out' : 'in'} ${media}`)).toEqual(key);
      }
      expect(new Set([...ours.values()].map((key) => key?.toString('hex'))).size).toBe(4);
    }
    const way = { tunnelled: 'tunnelled', separate: 'separate', fastStart: undefined } as const;
    expect(call.h245Way).toBe(way[h245]);

    call.sendUserInput('12#');
    await until(
      () => came.userInput === '12#',
      () => `user input, not "${came.userInput}"`,
    );
    came.sendUserInput('*');
    await until(
      () => call.userInput === '*',
      () => 'user input the other way',
    );

    call.hangUp();
    expect(await came.released).toEqual({ by: 'them', reason: undefined, cause: 16 });
    expect(await call.released).toEqual({ by: 'us', reason: undefined, cause: 16 });
    expect([anna.calls, bo.calls]).toEqual([[], []]);
  });

  it('falls back to what both can do', async () => {
    const tunnelling = await endpoint({ address: '127.0.0.2', h245: 'fastStart', encryption: 'none' });
    const separate = await endpoint({ address: '127.0.0.3', h245: 'separate' });
    const call = tunnelling.call('', { address: separate.signalAddress });
    await call.mediaReady;
    expect([call.h245Way, call.sharedSecret]).toEqual(['separate', undefined]);
    const back = separate.call('', { address: tunnelling.signalAddress });
    await back.mediaReady;
    expect([back.h245Way, back.sharedSecret]).toEqual(['separate', undefined]);
  });

  it('settles for the media that both have', async () => {
    const anna = await endpoint({ address: '127.0.0.2' });
    const bo = await endpoint({ address: '127.0.0.3', media: ['audio'] });
    const call = anna.call('', { address: bo.signalAddress });
    await call.mediaReady;
    expect(call.channels.map(({ media }) => media)).toEqual(['audio', 'audio']);
  });

  it('is ended by an end that wants encryption where the other has none', async () => {
    const clear = await endpoint({ address: '127.0.0.2', encryption: 'none' });
    const strict = await endpoint({ address: '127.0.0.3', requireEncryption: true });
    const call = clear.call('', { address: strict.signalAddress });
    expect(await call.released).toMatchObject({ by: 'them', reason: 'securityDenied' });
    await expect(call.connected).rejects.toThrow('by them, reason securityDenied');
    const back = strict.call('', { address: clear.signalAddress });
    expect(await back.released).toMatchObject({ by: 'us', reason: 'securityDenied' });
  });

  it('rings until it is answered, and is hung up by the called side with a reason', async () => {
    const anna = await endpoint({ address: '127.0.0.2' });
    const bo = await endpoint({ address: '127.0.0.3', onIncoming: (call) => call.alert() });
    const call = anna.call('', { address: bo.signalAddress });
    await call.alerting;
    (await taken(bo)).hangUp({ type: 'destinationRejection', value: null }, 21);
    expect(await call.released).toEqual({ by: 'them', reason: 'destinationRejection', cause: 21 });
  });

  it('loses its connection', async () => {
    const anna = await endpoint({ address: '127.0.0.2' });
    const bo = await endpoint({ address: '127.0.0.3' });
    const call = anna.call('', { address: bo.signalAddress });
    await call.mediaReady;
    const came = await taken(bo);
    call.drop();
    expect(await came.released).toMatchObject({ by: 'network' });
    expect(await call.released).toMatchObject({ by: 'network' });
  });

  it('finds nobody', async () => {
    const anna = await endpoint({ address: '127.0.0.2' });
    const gone = await endpoint({ address: '127.0.0.3' });
    const address = gone.signalAddress;
    await gone.close();
    const call = anna.call('', { address });
    expect(await call.released).toMatchObject({ by: 'network', reason: expect.stringContaining('ECONNREFUSED') });
    expect(anna.calls).toEqual([]);
  });

  it('shares a connection with another call', async () => {
    const anna = await endpoint({ address: '127.0.0.2' });
    const bo = await endpoint({ address: '127.0.0.3' });
    const first = anna.call('1', { address: bo.signalAddress });
    await first.mediaReady;
    const second = anna.call('2', { over: first, address: bo.signalAddress });
    await second.mediaReady;
    expect(second.signalling).toBe(first.signalling);
    first.hangUp();
    await first.released;
    second.sendUserInput('7');
    await until(
      () => bo.incoming.at(-1)?.userInput === '7',
      () => 'user input on the second call',
    );
  });

  it('goes elsewhere when it is forwarded', async () => {
    const anna = await endpoint({ address: '127.0.0.2' });
    const bo = await endpoint({ address: '127.0.0.3' });
    const cecilia = await endpoint({ address: '127.0.0.4' });
    const call = anna.call('', { address: bo.signalAddress });
    await call.mediaReady;
    (await taken(bo)).transfer({ address: cecilia.signalAddress, alias: { type: 'dialedDigits', value: '461030001' } });
    const next = await call.transferred;
    await next.mediaReady;
    expect(await call.released).toMatchObject({ by: 'us', reason: 'facilityCallDeflection' });
    expect((await taken(cecilia)).setup?.destinationAddress).toEqual([{ type: 'dialedDigits', value: '461030001' }]);
  });

  it('carries supplementary services, and tells its state', async () => {
    const anna = await endpoint({ address: '127.0.0.2' });
    const bo = await endpoint({ address: '127.0.0.3' });
    const call = anna.call('', { address: bo.signalAddress });
    await call.mediaReady;
    const came = await taken(bo);
    const services: Uint8Array[] = [];
    came.on('facility', (_body, more) => services.push(...more));
    call.sendFacility(undefined, [Buffer.from('a1b2', 'hex')]);
    const states: (number | undefined)[] = [];
    call.on('message', ({ q931 }, direction) => {
      if (direction === 'in' && q931.type === 'status') states.push(callStateOf(q931));
    });
    const value = { protocolIdentifier: '0.0.8.2250.0.7', callIdentifier: { guid: call.callIdentifier } };
    const inquiry = { type: 'statusInquiry', value } as const;
    call.sendMessage(informationMessage({ callReference: 0, fromDestination: false }, inquiry, { h245Tunneling: true }));
    await until(
      () => states.length === 1,
      () => 'the state',
    );
    expect(states).toEqual([callStates.active]);
    expect(services.map((service) => Buffer.from(service).toString('hex'))).toEqual(['a1b2']);
  });

  it('gives up on a called side that says nothing, and on one that only rings', async () => {
    const clock = new VirtualClock();
    const connections: SignallingConnection[] = [];
    const listener = await SignallingListener.open({ address: '127.0.0.3', port: 0, onConnection: (one) => connections.push(one) });
    const anna = await endpoint({ address: '127.0.0.2', clock, setupTimeoutMs: 4000, alertingTimeoutMs: 60_000 });
    const unanswered = anna.call('', { address: listener.local });
    const heard: H225Message[] = [];
    unanswered.on('message', (message) => heard.push(message));
    await until(
      () => heard.length === 1,
      () => 'the Setup to go out',
    );
    clock.advance(4000);
    expect(await unanswered.released).toMatchObject({ by: 'network', reason: 'nobody answered the Setup', cause: 19 });
    expect(heard.at(-1)?.q931.type).toBe('releaseComplete');
    await listener.close();

    const bo = await endpoint({ address: '127.0.0.3', onIncoming: (call) => call.alert() });
    const ringing = anna.call('', { address: bo.signalAddress });
    await ringing.alerting;
    clock.advance(60_000);
    expect(await ringing.released).toMatchObject({ by: 'network', reason: 'nobody answered the call' });
    expect(clock.pending).toBe(0);
  });

  it('goes over TLS', async () => {
    const authority = await makeCertificateAuthority();
    const issued = await Promise.all(['127.0.0.2', '127.0.0.3'].map((address) => authority.issue({ addresses: [address] })));
    const [annas, bos] = issued.map((identity) => ({ ca: authority.certificate, ...identity }));
    if (!annas || !bos) throw new Error('two certificates were asked for');
    const anna = await endpoint({ address: '127.0.0.2', tls: annas });
    const bo = await endpoint({ address: '127.0.0.3', tls: bos });
    if (!bo.tlsAddress) throw new Error('Bo listens on TLS');
    const call = anna.call('', { address: bo.tlsAddress, secure: true });
    await call.mediaReady;
    expect(call.signalling?.connection.secure).toBe(true);
    expect(call.sharedSecret).toEqual((await taken(bo)).sharedSecret);

    const stranger = await makeCertificateAuthority('Somebody else');
    const other = await endpoint({ address: '127.0.0.2', tls: { ...annas, ca: stranger.certificate } });
    const refused = other.call('', { address: bo.tlsAddress, secure: true });
    expect(await refused.released).toMatchObject({ by: 'network' });
  });
});
