import { afterEach, expect, it } from 'vitest';
import { Baresip, type BaresipOptions } from '../support/baresip.js';
import { freePortPair } from '../support/free-port.js';
import { password, type TestZone, testPlan } from '../support/plan.js';
import { type InProcess, startService } from '../support/service.js';
import { Capture } from '../support/tshark.js';

/** RFC 3550 §5.1, without contributing sources. */
const rtpHeader = 12;

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Keys in SDP travel over TLS alone here: the zones say `secure`. */
async function gatekeeper(encryption: TestZone['encryption']): Promise<InProcess> {
  const plan = testPlan(({ organisations }) => {
    for (const { zones } of [organisations.norr, organisations.syd]) {
      for (const zone of Object.values(zones)) Object.assign(zone, { signalling: 'secure', encryption });
    }
  });
  // The libre of Debian 12 gives up on a challenge whose algorithm it does not know; the service knows that of it.
  const service = await startService({ plan });
  ends.push(() => service.stop());
  return service;
}

async function phone(service: InProcess, user: string, domain: string, mediaEncryption: BaresipOptions['mediaEncryption'] | undefined) {
  const rtpPort = await freePortPair();
  const baresip = await Baresip.start({
    user,
    domain,
    password,
    proxy: `sip:127.0.0.1:${service.ports.tls};transport=tls`,
    certificateFile: service.certificateFile,
    rtpPort,
    ...(mediaEncryption === undefined ? {} : { mediaEncryption }),
  });
  ends.push(
    () => baresip.remove(),
    () => baresip.stop(),
  );
  // Said once, perhaps before anybody listens for events.
  await baresip.program.says(/200 OK \(.*\) \[1 binding\]/);
  return { baresip, rtpPort };
}

interface Packet {
  readonly from: number;
  readonly payloadType: number;
  readonly payload: Buffer;
}

/** A call of a second or more from norr to syd; the RTP that tshark saw on its way, and the call's record. */
async function talk(service: InProcess, encryption: BaresipOptions['mediaEncryption'] | undefined) {
  const anna = await phone(service, '461010001', 'norr.example', encryption);
  const bertil = await phone(service, '461020001', 'syd.example', encryption);
  const capture = await Capture.start(`udp and (port ${anna.rtpPort} or port ${bertil.rtpPort})`);
  ends.push(() => capture.remove());
  anna.baresip.command('dial', 'sip:461020001@norr.example');
  // Bits of speech a second, sent and received, on its status line. Received is what was left after SRTP: 160 bytes in 20 ms.
  for (const { baresip } of [anna, bertil]) await baresip.program.says(/audio=6[34]\d{3}\/6[34]\d{3} /);
  anna.baresip.command('hangup');
  const [record] = await service.records(1);
  await capture.stop();
  const rules = [anna, bertil].map(({ rtpPort }) => `udp.port==${rtpPort},rtp`);
  const rows = await capture.read('rtp', ['udp.srcport', 'rtp.p_type', 'udp.payload'], rules);
  const packets = rows.map(([from, type, payload = '']): Packet => {
    return { from: Number(from), payloadType: Number(type), payload: Buffer.from(payload.replaceAll(':', ''), 'hex').subarray(rtpHeader) };
  });
  return { record, packets, ports: [anna.rtpPort, bertil.rtpPort] };
}

/** Both directions carry speech packets: PCMA, 20 ms each. Gives those of speech. */
function speech(packets: readonly Packet[], ports: readonly number[]): readonly Packet[] {
  const spoken = packets.filter(({ payloadType }) => payloadType === 8);
  for (const port of ports) expect(spoken.filter(({ from }) => from === port).length).toBeGreaterThan(25);
  return spoken;
}

const differentBytes = ({ payload }: Packet) => new Set(payload).size;

it.each([
  ['srtp-mand', 'AES_CM_128_HMAC_SHA1_80'],
  ['dtls_srtp', 'DTLS-SRTP'],
] as const)(
  'two phones talk with %s over TLS, from norr to syd, and nobody on the way can listen',
  async (encryption, cipher) => {
    const service = await gatekeeper('required');
    const { record, packets, ports } = await talk(service, encryption);
    expect(record).toMatchObject({ reason: 'completed', cipher, caller: { organisation: 'norr' }, callee: { organisation: 'syd' } });
    for (const packet of speech(packets, ports)) {
      // 160 samples and the authentication tag of 10 bytes (RFC 3711 §5.2); a tone of eight values that looks like noise.
      expect(packet.payload).toHaveLength(170);
      expect(differentBytes(packet)).toBeGreaterThan(80);
    }
  },
  50_000,
);

it('without SRTP the same tone lies open: what the test above looks at is there to be seen', async () => {
  const service = await gatekeeper('preferred');
  const { record, packets, ports } = await talk(service, undefined);
  expect(record).toMatchObject({ reason: 'completed', cipher: 'none' });
  for (const packet of speech(packets, ports)) {
    expect(packet.payload).toHaveLength(160);
    expect(differentBytes(packet)).toBeLessThan(20);
  }
}, 50_000);

it('a phone with SRTP switched off is refused where encryption is required', async () => {
  const service = await gatekeeper('required');
  const { baresip } = await phone(service, '461010001', 'norr.example', undefined);
  await phone(service, '461020001', 'syd.example', 'srtp-mand');
  baresip.command('dial', 'sip:461020001@norr.example');
  await baresip.program.says(/session closed: 488 Not Acceptable Here/);
  expect(await service.records(1)).toMatchObject([{ reason: 'mediaNotEncrypted', status: 488 }]);
}, 50_000);
