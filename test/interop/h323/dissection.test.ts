import { expect, it } from 'vitest';
import type { H245Mode } from '../../../src/simulator/h323/call-host.js';
import { Capture } from '../../support/tshark.js';
import { until } from '../../support/until.js';
import { addressesOf, closing, gatekeeper, pair, settled, talk } from './world.js';

/** The addresses of this file's endpoints, which nobody else on loopback has. */
const [norr, syd] = ['127.3.0.1', '127.3.0.2'];
const fields = [
  'frame.protocols',
  'h225.RasMessage',
  'q931.message_type',
  'h235.halfkey',
  'h245.alphanumeric',
  '_ws.expert.group',
  'tcp.stream',
  'tcp.payload',
];
/** Groups of what tshark remarks on: malformed, and not decoded to the end. */
const unreadable = new Set(['0x07000000', '0x05000000', String(0x07000000), String(0x05000000), 'Malformed', 'Undecoded']);

/** Every packet with something in it, as tshark reads it: its protocols, and one list of values for each field. */
async function dissected(capture: Capture, rasPort: number, last: Buffer) {
  // What TCP sends again, as it does on a machine that is busy, is dissected where it came first.
  const filter = `(tcp.len > 0 or udp) and not udp.payload == ${last.toString('hex').replace(/..(?=.)/g, '$&:')}
    and not tcp.analysis.retransmission and not tcp.analysis.keep_alive`;
  const rows = await capture.read(filter, fields, [`udp.port==${rasPort},h225`]);
  const column = (index: number) => rows.flatMap((row) => (row[index] ? row[index].split(',') : []));
  return {
    foreign: rows.filter(([protocols = '']) => !/:(h225|h245)/.test(protocols)),
    ras: column(1).map(Number),
    types: column(2),
    halfKeys: column(3),
    input: column(4),
    problems: column(5).filter((group) => unreadable.has(group)),
  };
}

async function captured() {
  const service = await gatekeeper();
  const { ras } = addressesOf(service.service.h323Listeners);
  const capture = closing(await Capture.start(`host ${norr} or host ${syd}`), (one) => one.remove());
  const last = Buffer.from('the last packet');
  return { service, ras, capture, last };
}

it('tshark reads all that calls through the gatekeeper send, with H.245 tunnelled, separate and after fast start', async () => {
  const { service, ras, capture, last } = await captured();
  const modes: H245Mode[] = ['tunnelled', 'separate', 'fastStart'];
  for (const [index, h245] of modes.entries()) {
    const { anna, bo } = await pair(service, {
      anna: { address: norr, h245, discovery: true, aliases: [{ e164: '461010001' }, { h323Id: 'Åsa i norr' }] },
      bo: { address: syd, h245 },
    });
    const { call, other } = await talk(anna, '461020001', bo);
    call.sendUserInput(String(index));
    await until(
      () => other.userInput === String(index),
      () => 'user input',
    );
    expect(await call.requestBandwidth(7680)).toMatchObject({ granted: true });
    call.hangUp();
    await settled(service, index + 1);
    for (const endpoint of [anna, bo]) await endpoint.unregister();
    if (index === modes.length - 1) anna.ras.sendBytes(last, bo.ras.local);
  }
  await capture.holds(last);
  await capture.stop();

  const seen = await dissected(capture, ras.port, last);
  expect(seen).toMatchObject({ problems: [], foreign: [] });
  // In each call, by the numbers of the CHOICE: GRQ, RRQ, URQ, ARQ, BRQ and DRQ, and to every request its confirm.
  const kinds: Record<number, number> = {};
  for (const kind of seen.ras) kinds[kind] = (kinds[kind] ?? 0) + 1;
  expect(kinds).toEqual({ 0: 3, 1: 3, 3: 6, 4: 6, 6: 6, 7: 6, 9: 6, 10: 6, 12: 3, 13: 3, 15: 6, 16: 6 });
  // Setup, Call Proceeding, Alerting, Connect, Release Complete: once on either leg.
  for (const type of ['0x05', '0x02', '0x01', '0x07', '0x5a']) expect(seen.types.filter((one) => one === type)).toHaveLength(6);
  // A half key in Setup and one in Connect, on either leg, and they are the same.
  expect(seen.halfKeys).toHaveLength(12);
  expect(new Set(seen.halfKeys).size).toBe(6);
  expect(seen.input).toEqual(['0', '0', '1', '1', '2', '2']);
});

it('half a message is seen as such: what the tests above look for is there to be found', async () => {
  const { service, ras, capture, last } = await captured();
  const { anna, bo } = await pair(service, { anna: { address: norr }, bo: { address: syd } });
  anna.ras.sendBytes(Buffer.from('0e40', 'hex'), ras);
  anna.ras.sendBytes(last, bo.ras.local);
  await capture.holds(last);
  await capture.stop();
  expect((await dissected(capture, ras.port, last)).problems.length).toBeGreaterThan(0);
});
