import { afterEach, describe, expect, it } from 'vitest';
import { rasMessage } from '../../../src/gatekeeper/h323/asn1/h225.js';
import { writeH245 } from '../../../src/gatekeeper/h323/asn1/h245.js';
import { writeH225 } from '../../../src/gatekeeper/h323/q931/h225-message.js';
import { writeTpkt } from '../../../src/gatekeeper/h323/q931/tpkt.js';
import { type SocketAddress, socketAddress } from '../../../src/simulator/h323/addresses.js';
import type { H245Mode } from '../../../src/simulator/h323/call-host.js';
import { H323Endpoint } from '../../../src/simulator/h323/endpoint.js';
import { type DissectedField, dissect } from '../../support/dissector.js';
import type { CapturedPayload } from '../../support/pcap.js';
import { until } from '../../support/until.js';
import { confirm, ScriptedGatekeeper } from './scripted-gatekeeper.js';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

type Payload = Omit<CapturedPayload, 'time'>;

function allFields(field: DissectedField): DissectedField[] {
  return [field, ...field.fields.flatMap(allFields)];
}

describe('tshark reads a call of ours', () => {
  it.each<H245Mode>(['tunnelled', 'separate', 'fastStart'])('%s', async (h245) => {
    const gk = await ScriptedGatekeeper.start();
    const bo = await H323Endpoint.start({
      address: '127.0.0.3',
      aliases: [{ e164: '461020001' }, { h323Id: 'bö' }],
      h245,
      gatekeeper: gk.address,
    });
    gk.answer = (message) => confirm(message, 'gk', gk.address, { calls: bo.signalAddress });
    const password = { password: 'hemligt', method: 'h235.1' } as const;
    const anna = await H323Endpoint.start({
      address: '127.0.0.2',
      aliases: [{ e164: '461010001' }],
      h245,
      discovery: true,
      gatekeeper: gk.address,
      password,
    });
    open.push(anna, bo, gk);
    await anna.register();
    await bo.register();

    const payloads: Payload[] = [];
    const annas = { address: '127.0.0.2', port: 40_000 };
    const call = anna.call('461020001');
    const between = (direction: 'in' | 'out', there: SocketAddress, payload: Buffer) => {
      const ends = direction === 'out' ? { from: annas, to: there } : { from: there, to: annas };
      payloads.push({ transport: 'tcp', ...ends, payload: writeTpkt(payload) });
    };
    call.on('message', (message, direction) => between(direction, { ...bo.signalAddress, port: 1720 }, writeH225(message)));
    const separate: ['in' | 'out', Buffer][] = [];
    if (h245 === 'separate') call.on('h245', (message, direction) => separate.push([direction, writeH245(message)]));
    await call.mediaReady;
    call.sendUserInput('12');
    await until(
      () => bo.incoming[0]?.userInput === '12',
      () => 'user input',
    );
    call.hangUp();
    await bo.incoming[0]?.released;
    await gk.take('disengageRequest', 2);
    // Connect says where H.245 goes, which is how a dissector knows it for H.245.
    const h245Address = socketAddress((await call.connected).h245Address);
    expect(h245Address !== undefined).toBe(h245 === 'separate');
    if (h245Address) for (const [direction, pdu] of separate) between(direction, h245Address, pdu);
    for (const { message, from } of gk.heard) {
      const ports = { from: { address: '10.0.0.2', port: from.port }, to: { address: '10.0.0.1', port: 1719 } };
      payloads.push({ transport: 'udp', ...ports, payload: rasMessage.encode(message) });
    }

    const packets = await dissect(payloads);
    expect(packets.flatMap(({ problems }) => problems)).toEqual([]);
    const fields = packets.flatMap(({ protocols }) => protocols).flatMap(allFields);
    const shown = (name: string) => fields.filter((field) => field.name === name).map(({ show }) => show);
    // Setup, CallProceeding, Alerting, Connect, …, ReleaseComplete.
    const types = shown('q931.message_type');
    expect(types.slice(0, 4)).toEqual(['0x05', '0x02', '0x01', '0x07']);
    expect(types).toContain('0x5a');
    expect(new Set(shown('h225.requestSeqNum')).size).toBe(gk.heard.length);
    // Half keys in Setup and Connect, a session key for each channel, a token in each message of Anna's but the first.
    expect(shown('h235.halfkey')).toHaveLength(2);
    expect(shown('h245.synchFlag').sort()).toEqual(['96', '96', '97', '97']);
    expect(shown('h245.alphanumeric')).toEqual(['12']);
    expect(shown('h235.hash')).toHaveLength(gk.heard.filter(({ from }) => from.address === '127.0.0.2').length - 1);
  });
});
