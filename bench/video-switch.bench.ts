import { createSpeakerSwitch } from '../src/bridge/video/speaker-switch.js';
import { Camera, rtp } from '../test/bridge/video/packets.js';
import { atMost, cpuSeconds, plain, print, type Row } from './row.js';

/** A camera of 2 Mbit/s in packets of 1,100 bytes. */
const packetsPerSecond = 2_000_000 / 8 / 1_100;
const seconds = 2_000;
const count = Math.round(packetsPerSecond * seconds);

/** Packets of one picture after another, each an FU-A fragment of a slice, with only their header written for each. */
function stream(): (index: number) => Buffer {
  const payload = new Uint8Array(1_088).fill(0x55);
  payload.set([0x7c, 0x01]);
  const packet = rtp({ sequence: 0, timestamp: 0, payload });
  return (index) => {
    packet.writeUInt16BE(index & 0xffff, 2);
    packet.writeUInt32BE((Math.floor(index / 8) * 3_000) >>> 0, 4);
    return packet;
  };
}

/** CPU of the switch for one packet of what it shows. `layers`: 2, the speaker is a room system and sees the previous one. */
function throughSwitch(layers: 1 | 2): number {
  const room = createSpeakerSwitch();
  const shown = layers === 2 ? ['a', 'b'] : ['a'];
  for (const who of shown) room.add(who, 0);
  room.setPreviousWanted(layers === 2, 0);
  for (const who of shown) for (const packet of new Camera(-3, -3_000).keyFrame()) room.receive(who, packet, 0);
  const next = stream();
  let sent = 0;
  const run = (packets: number, from: number): void => {
    for (let index = from; index < from + packets; index++) {
      const now = (index * 1_000) / packetsPerSecond;
      const packet = next(index);
      for (const who of shown) sent += room.receive(who, packet, now).length;
      if (index % 23 === 0) room.tick(now, now);
    }
  };
  const warm = 100_000;
  run(warm, 0);
  const cpu = cpuSeconds(() => run(count, warm));
  // The key frames and their reports are not counted.
  if (sent !== (warm + count) * shown.length) throw new Error(`Expected every packet to be sent on, but ${sent} were`);
  return (cpu * 1e6) / (count * shown.length);
}

export function main(): Row[] {
  const one = throughSwitch(1);
  return [
    atMost('video switch: a packet of the speaker, CPU', one, 'us', 5),
    atMost('video switch: the same with a second picture for the speaker himself', throughSwitch(2), 'us', 5),
    plain('video switch: a meeting at 2 Mbit/s, share of a core', (one * packetsPerSecond) / 1e4, '%'),
  ];
}

if (import.meta.filename === process.argv[1]) print(main());
