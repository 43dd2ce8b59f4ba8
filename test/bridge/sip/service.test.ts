import { readdir, readFile } from 'node:fs/promises';
import { parse } from 'sdp-transform';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SipRequest, SipResponse } from '../../../src/gatekeeper/sip/message/message.js';
import { freePort } from '../../support/free-port.js';
import { password, testPlan } from '../../support/plan.js';
import { type InProcess, metric, startService } from '../../support/service.js';
import { answering, SipClient, TestDialog } from '../../support/sip-client.js';
import { calling, Sipp } from '../../support/sipp.js';
import { until } from '../../support/until.js';
import { cisco, lifesize, plain, sound } from './offers.js';

/** Free meeting for everybody, one with a PIN, one to be put out of: who was has to wait for a host when he comes again. */
const [open, withPin, strict] = ['4690010001', '4690010002', '4690010003'];

let service: InProcess;
let room: SipClient;

beforeAll(async () => {
  const plan = testPlan(({ meetings }) => {
    const permanent = [
      { id: '10001', title: 'Ronden', organisation: 'norr' },
      { id: '10002', title: 'Samordning', organisation: 'norr', guestPin: '4711', hostPin: '4712' },
      { id: '10003', title: 'Styrelsen', organisation: 'norr' },
    ];
    Object.assign(meetings, { permanent });
  });
  const from = await freePort();
  const ports = { from, to: Math.min(from + 400, 65_535) };
  service = await startService({ plan, bridge: { media: { addresses: [{ address: '127.0.0.1' }], ports, workers: 1 } } });
  await until(
    async () => (await metric(service, 'portvakt_media_workers ')) === 1,
    () => 'a media worker to live',
  );
  room = await SipClient.open({ port: service.ports.udp, user: '461010001', domain: 'norr.example' });
  expect((await room.register()).status).toBe(200);
});

afterAll(async () => {
  await room?.close();
  await service?.stop();
});

/** On this machine, and with what its gatekeeper does not let out of a zone left away: floor control, iX and keys for half of a stream in clear. */
function encryptedThroughout(sdp: string): string {
  return sdp
    .replaceAll('10.20.30.40', '127.0.0.1')
    .replace('UDP/BFCP *', 'UDP/TLS/BFCP *\r\na=fingerprint:sha-256 '.concat(Array.from({ length: 32 }, () => 'AB').join(':')))
    .replace(/a=crypto:4 .*\r\n/, '')
    .replace('m=application 2358', 'm=application 0');
}

interface Participant {
  readonly id: string;
  readonly where: string;
  readonly cipher: string;
}

/** Who is in a meeting, as an operator sees it. */
async function participants(meeting: string): Promise<readonly Participant[]> {
  const body = (await (await fetch(`${service.url}/api/v1/meetings/${meeting}`)).json()) as { participants?: readonly Participant[] };
  return body.participants ?? [];
}

/** The media workers of this process, by their pid. */
async function mediaWorkers(): Promise<readonly number[]> {
  const tasks = await readdir('/proc/self/task');
  const children = await Promise.all(tasks.map((task) => readFile(`/proc/self/task/${task}/children`, 'utf8').catch(() => '')));
  const pids = children.flatMap((line) =>
    line
      .split(' ')
      .filter((pid) => pid !== '')
      .map(Number),
  );
  const names = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')));
  return pids.filter((_, index) => names[index]?.startsWith('mediasoup'));
}

const inside = async (meeting: string) => (await participants(meeting)).filter(({ where }) => where === 'in');

async function thereAre(count: number, meeting = open): Promise<readonly Participant[]> {
  let seen: readonly Participant[] = [];
  await until(
    async () => {
      seen = await inside(meeting);
      return seen.length === count;
    },
    () => `${count} to be in; there are ${JSON.stringify(seen)}`,
  );
  return seen;
}

async function call(to: string, body?: string): Promise<{ invite: SipRequest; answer: SipResponse; dialog: TestDialog }> {
  const invite = await room.invite(`${to}@norr.example`, body === undefined ? { body: '' } : { body });
  const answer = await room.response(invite);
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.reason} ${answer.get('warning')}`);
  return { invite, answer, dialog: TestDialog.ofCaller(room, invite, answer) };
}

async function inMeeting(body: string, to = open) {
  const made = await call(to, body);
  made.dialog.send('ACK');
  return made;
}

async function hangUp(dialog: TestDialog): Promise<void> {
  expect((await room.response(dialog.send('BYE'))).status).toBe(200);
}

describe('a room system that calls a meeting through the gatekeeper', () => {
  it('is in it, changes its session and leaves, with one record', async () => {
    const sdp = encryptedThroughout(cisco());
    const { dialog, answer, invite } = await inMeeting(sdp);
    const { media } = parse(answer.body);
    expect(media.map(({ port }) => port > 0)).toEqual([true, true, false, true, false, false]);
    expect(media[0]?.crypto?.[0]?.suite).toBe('AEAD_AES_256_GCM');
    expect(answer.body).toContain('c=IN IP4 127.0.0.1');

    const held = await room.response(dialog.send('INVITE', { body: sdp.replaceAll('a=sendrecv', 'a=sendonly') }));
    dialog.send('ACK');
    expect(held.status).toBe(200);
    expect(parse(held.body).media[0]).toMatchObject({ direction: 'recvonly', port: media[0]?.port });

    const resumed = await room.response(dialog.send('INVITE', { body: sdp }));
    dialog.send('ACK');
    expect(parse(resumed.body).media[0]).toMatchObject({ direction: 'sendrecv', port: media[0]?.port });
    const options = await room.response(dialog.send('OPTIONS'));
    expect(options.get('allow')).toContain('INFO');
    await hangUp(dialog);
    expect(await service.recordOf(invite.callId)).toMatchObject({
      reason: 'completed',
      caller: { organisation: 'norr', alias: '461010001' },
      cipher: expect.stringContaining('AEAD_AES_256_GCM'),
    });
  });

  it('is offered a session when it brings none', async () => {
    const { dialog, answer } = await call(open);
    const [audio] = parse(answer.body).media;
    expect(audio?.crypto?.[0]?.suite).toBe('AES_CM_128_HMAC_SHA1_80');
    dialog.send('ACK', { body: sound('m=video 0 RTP/SAVP 97').replaceAll('192.0.2.1', '127.0.0.1') });
    const again = await room.response(dialog.send('INVITE', { body: sound('m=video 0 RTP/SAVP 97').replaceAll('192.0.2.1', '127.0.0.1') }));
    dialog.send('ACK');
    expect(again.status).toBe(200);
    await hangUp(dialog);
  });

  it('without encryption is told what to switch on', async () => {
    const invite = await room.invite(`${open}@norr.example`, { body: plain() });
    const answer = await room.response(invite, 488);
    room.acknowledge(invite, answer);
    expect(answer.get('warning')).toContain('encrypted');
    expect(await service.recordOf(invite.callId)).toMatchObject({ reason: 'mediaNotEncrypted' });
  });

  it('with a thousand media lines is refused, and others notice nothing', async () => {
    const { dialog } = await inMeeting(sound().replaceAll('192.0.2.1', '127.0.0.1'));
    const line = 'm=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n';
    const invite = await room.invite(`${open}@norr.example`, { body: sound() + line.repeat(60) });
    const answer = await room.response(invite, 400);
    room.acknowledge(invite, answer);
    expect(answer.get('warning')).toContain('61 m= lines; at most 32');
    expect((await room.response(dialog.send('OPTIONS'))).status).toBe(200);
    await hangUp(dialog);
  });

  it('calls a meeting that is none', async () => {
    const invite = await room.invite('4690099999@norr.example', { body: sound() });
    const answer = await room.response(invite, 404);
    room.acknowledge(invite, answer);
    expect((await service.recordOf(invite.callId)).reason).toBe('meetingUnknown');
  });

  it('says its PIN by INFO', async () => {
    const { dialog } = await inMeeting(lifesize().replaceAll('198.51.100.20', '127.0.0.1'), withPin);
    expect(await inside(withPin)).toEqual([]);
    for (const digit of '4711#') {
      const info = dialog.send('INFO', {
        body: `Signal=${digit}\r\nDuration=160\r\n`,
        headers: { 'Content-Type': 'application/dtmf-relay' },
      });
      expect((await room.response(info)).status).toBe(200);
    }
    expect(await thereAre(1, withPin)).toMatchObject([{ cipher: 'SRTP AES-128' }]);
    await hangUp(dialog);
  });

  it('is put out, and hears why', async () => {
    const { dialog, invite } = await inMeeting(sound().replaceAll('192.0.2.1', '127.0.0.1'), strict);
    const [participant] = await thereAre(1, strict);
    const expelled = await fetch(`${service.url}/api/v1/meetings/${strict}/participants/${participant?.id}`, { method: 'DELETE' });
    expect(expelled.ok).toBe(true);
    const bye = await room.request('BYE');
    room.reply(bye, 200);
    expect(bye.get('reason')).toContain('expelled');
    expect(dialog.callId).toBe(bye.callId);
    expect((await service.recordOf(invite.callId)).reason).toBe('expelled');
  });
});

describe('when the media worker dies', () => {
  it('a room system is offered new ports and keys, and stays', async () => {
    const sdp = sound().replaceAll('192.0.2.1', '127.0.0.1');
    const { dialog, answer } = await inMeeting(sdp);
    await thereAre(1);
    for (const pid of await mediaWorkers()) process.kill(pid, 'SIGKILL');
    const invite = await room.request('INVITE');
    expect(invite.callId).toBe(dialog.callId);
    const [before, after] = [parse(answer.body).media[0], parse(invite.body).media[0]];
    expect(after?.crypto?.[0]?.config).not.toBe(before?.crypto?.[0]?.config);
    room.reply(invite, 200, { body: sdp });
    await room.request('ACK');
    expect(await thereAre(1)).toMatchObject([{ cipher: 'SRTP AES-128' }]);
    expect((await room.response(dialog.send('OPTIONS'))).status).toBe(200);
    await hangUp(dialog);
  });
});

describe('a room system that a meeting calls', () => {
  it('rings, answers, and is in it until it hangs up', async () => {
    const { dialog } = await inMeeting(sound().replaceAll('192.0.2.1', '127.0.0.1'));
    const other = await SipClient.open({ port: service.ports.udp, user: '461020001', domain: 'syd.example' });
    try {
      await other.register();
      const body = sound('m=video 0 RTP/SAVP 97').replaceAll('192.0.2.1', '127.0.0.1');
      other.behaviour = answering({ body });
      const asked = await fetch(`${service.url}/api/v1/meetings/${open}/participants`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ address: '461020001' }),
      });
      expect(asked.ok).toBe(true);
      const invite = await other.request('INVITE');
      expect(parse(invite.body).media.map(({ type }) => type)).toEqual(['audio', 'video']);
      await other.request('ACK');
      await thereAre(2);
      const theirs = TestDialog.ofCallee(other, invite, other.reply(invite, 200, { body }));
      expect((await other.response(theirs.send('BYE'))).status).toBe(200);
      await thereAre(1);
      expect(await service.recordOf(invite.callId)).toMatchObject({ reason: 'completed', dialled: expect.stringContaining('461020001') });
    } finally {
      await other.close();
    }
    await hangUp(dialog);
  });
});

describe('SIPp', () => {
  it('calls a meeting, again and again', async () => {
    const sipp = await Sipp.start({
      scenario: calling(),
      remote: `127.0.0.1:${service.ports.udp}`,
      localPort: await freePort(),
      calls: 5,
      keys: { user: '461010001', domain: 'norr.example', login: '461010001', password, dialled: `${open}@norr.example` },
    });
    try {
      await sipp.succeeds();
    } finally {
      await sipp.close();
    }
  });
});
