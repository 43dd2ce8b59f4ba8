import type { Consumer, DirectTransport, Producer, Worker } from 'mediasoup/types';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeRtp } from '../../../src/bridge/audio/rtp.js';
import { codecsWith, producerCodec, routerCodecs, tapCapabilities } from '../../../src/bridge/media/codecs.js';
import { Tap } from '../../../src/bridge/media/tap.js';
import { produceWith } from '../../../src/bridge/media/with-codecs.js';
import { loadMediasoup } from '../../../src/bridge/worker-binary.js';
import { until } from '../../support/until.js';

let worker: Worker;
let producer: Producer;
let consumer: Consumer;
let sequence = 0;
let taken = 0;
let closed = 0;
let tap: Tap;

beforeEach(async () => {
  worker = await (await loadMediasoup()).createWorker();
  const router = await worker.createRouter({ mediaCodecs: [...routerCodecs] });
  const direct: DirectTransport = await router.createDirectTransport();
  producer = await produceWith(router, codecsWith('PCMA', 8), () =>
    direct.produce({
      kind: 'audio',
      rtpParameters: { codecs: [producerCodec('PCMA', 8, { feedback: [] })], encodings: [{ ssrc: 7 }], rtcp: { cname: 'one' } },
    }),
  );
  consumer = await direct.consume({
    producerId: producer.id,
    rtpCapabilities: tapCapabilities(producer.consumableRtpParameters.codecs),
  });
  taken = closed = sequence = 0;
  tap = new Tap(consumer, {
    limit: 100,
    packet: () => {
      taken += 1;
    },
    closed: () => {
      closed += 1;
    },
  });
});
afterEach(() => worker.close());

function send(count: number): void {
  for (; count > 0; count--) {
    sequence += 1;
    producer.send(writeRtp({ payloadType: 8, marker: false, sequence, timestamp: sequence * 160, ssrc: 7 }, Buffer.alloc(160)));
  }
}

/** Sends one packet after another until this is true. */
async function sendUntil(what: () => boolean): Promise<number> {
  const began = performance.now();
  let turn = 0;
  await until(
    () => {
      turn += 1;
      if (turn % 4 === 0) send(1); // 50 a second
      return what();
    },
    () => `the tap to be so: ${taken} taken, ${tap.floods} floods`,
  );
  return performance.now() - began;
}

test('takes what comes while it is wanted', async () => {
  await sendUntil(() => taken > 5);
  tap.want(false);
  await until(
    () => consumer.paused,
    () => 'a pause',
  );
  tap.want(true);
  const before = taken;
  await sendUntil(() => taken > before + 5);
  expect(tap.floods).toBe(0);
});

test('is deaf to a flood for a second, and to the next one for longer', async () => {
  send(1_000);
  await until(
    () => consumer.paused,
    () => 'a pause',
  );
  expect(taken).toBe(100);
  expect(await sendUntil(() => taken > 100)).toBeGreaterThan(800);
  expect(tap.floods).toBe(1);
  send(1_000);
  await until(
    () => tap.floods === 2 && consumer.paused,
    () => 'another pause',
  );
  const before = taken;
  expect(await sendUntil(() => taken > before)).toBeGreaterThan(1_800);
});

test('says that it is closed, and when who sends has paused', async () => {
  const held: boolean[] = [];
  tap.onHeld((is) => held.push(is));
  await producer.pause();
  await until(
    () => tap.isHeld,
    () => 'the pause',
  );
  await producer.resume();
  await until(
    () => held.length === 2,
    () => 'both to be told',
  );
  expect(held).toEqual([true, false]);
  producer.close();
  await until(
    () => closed === 1,
    () => 'its end',
  );
});
