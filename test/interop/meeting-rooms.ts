import { Baresip, type BaresipOptions } from '../support/baresip.js';
import type { Colour } from '../support/colour.js';
import { freePortPair } from '../support/free-port.js';
import { password } from '../support/plan.js';
import type { RunningService } from '../support/service.js';
import { payloadAt } from '../support/srtp.js';
import { amplitude } from '../support/tone.js';
import type { Capture } from '../support/tshark.js';
import { until } from '../support/until.js';

/** The least of it: RFC 3550 §5.1. */
const rtpHeader = 12;
/** A sine of baresip's own has 8,000; the noise of three decoders and an encoder stays far below this. */
const audible = 1_500;
const inaudible = 150;

/** What ends what a test began, last first. */
export type Ends = (() => Promise<void>)[];

/** A room system with a camera of one colour and a microphone of one tone. */
export interface Room {
  readonly baresip: Baresip;
  readonly domain: string;
  readonly rtpPort: number;
  readonly tone: number;
  readonly colour: Colour;
}

export async function startRoom(
  service: RunningService,
  ends: Ends,
  user: string,
  colour: Colour,
  tone: number,
  more: Partial<BaresipOptions> = { mediaEncryption: 'srtp-mand' },
): Promise<Room> {
  const rtpPort = await freePortPair();
  const domain = user.startsWith('46101') ? 'norr.example' : 'syd.example';
  const baresip = await Baresip.start({
    user,
    domain,
    password,
    proxy: `sip:127.0.0.1:${service.ports.tls};transport=tls`,
    certificateFile: service.certificateFile,
    rtpPort,
    tone,
    camera: colour,
    ...more,
  });
  ends.push(
    () => baresip.remove(),
    () => baresip.stop(),
  );
  await baresip.program.says(/200 OK \(.*\) \[1 binding\]/);
  return { baresip, domain, rtpPort, tone, colour };
}

export async function dial({ baresip, domain }: Room, meeting = '4690010001'): Promise<void> {
  baresip.command('dial', `sip:${meeting}@${domain}`);
  await baresip.program.says(/Call established/);
}

/** In the meeting, with a picture coming in. Gives the ms from the answer to the first picture. */
export async function join(room: Room, meeting?: string): Promise<number> {
  await dial(room, meeting);
  const began = performance.now();
  await room.baresip.program.says(/receiving with resolution 176 x 144/);
  return performance.now() - began;
}

export async function showsTo({ baresip }: Room, colour: Colour): Promise<void> {
  let seen: Colour | undefined;
  await until(
    async () => {
      seen = await baresip.sees();
      return seen === colour;
    },
    () => `${colour} to be shown; it was ${seen}`,
  );
}

/** The tones in the last second that a room system has played. */
export async function hears({ baresip }: Room, audibleTones: readonly number[], silentTones: readonly number[]): Promise<void> {
  let found = '';
  await until(
    async () => {
      const { samples, rate } = await baresip.heard();
      if (samples.length < rate) return false;
      const last = samples.subarray(-rate);
      const loudness = (hertz: number): number => amplitude(last, rate, hertz);
      found = [...audibleTones, ...silentTones].map((hertz) => `${hertz} Hz ${Math.round(loudness(hertz))}`).join(', ');
      return audibleTones.every((hertz) => loudness(hertz) > audible) && silentTones.every((hertz) => loudness(hertz) < inaudible);
    },
    () => `to hear ${audibleTones.join(' and ')} Hz but not ${silentTones.join(' and ')} Hz; it was ${found}`,
  );
}

export function mute({ baresip }: Room): void {
  baresip.command('mute');
}

export interface Packet {
  readonly from: number;
  readonly to: number;
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
}

/** RTP of what tshark saw. It is encrypted but for its header (RFC 3711 §3.1), which is read here; RTCP (RFC 5761 §4) is left out. */
export async function packets(capture: Capture): Promise<Packet[]> {
  const rows = await capture.read('udp', ['udp.srcport', 'udp.dstport', 'udp.payload']);
  return rows.flatMap(([from, to, hex = '']): Packet[] => {
    const bytes = Buffer.from(hex.replaceAll(':', ''), 'hex');
    const second = bytes[1] ?? 0;
    if (bytes.length <= rtpHeader || (bytes[0] ?? 0) >> 6 !== 2 || (second >= 192 && second < 224)) return [];
    return [
      {
        from: Number(from),
        to: Number(to),
        payloadType: second & 0x7f,
        marker: second >= 0x80,
        sequence: bytes.readUInt16BE(2),
        timestamp: bytes.readUInt32BE(4),
        ssrc: bytes.readUInt32BE(8),
        payload: bytes.subarray(payloadAt(bytes)),
      },
    ];
  });
}
