import { parse } from 'sdp-transform';
import { describe, expect, it } from 'vitest';
import { Rooms } from '../../../src/bridge/sip/rooms.js';
import { SipRequest } from '../../../src/gatekeeper/sip/message/message.js';
import { cisco, plain, sound } from './offers.js';
import { settle } from './peer.js';
import { StandInMeetings } from './stand-ins.js';
import { openWorld } from './world.js';

const caller = 'call-1;organisation=region-norr;zone=norr;alias=461010001';
const isRequest = (method: string) => (message: unknown) => message instanceof SipRequest && message.method === method;

function openRooms() {
  const meetings = new StandInMeetings();
  const faults: unknown[] = [];
  const world = openWorld({ onCall: (call) => void rooms.receive(call) });
  const rooms = new Rooms({ meetings, clock: world.clock, onFault: (error) => faults.push(error) });
  const headers = { 'X-Portvakt-Caller': caller };
  return { ...world, meetings, faults, headers };
}

async function inMeeting(sdp: string = cisco()) {
  const world = openRooms();
  const { dialog, answer } = await world.peer.call({ sdp, headers: world.headers });
  await settle();
  return { ...world, dialog, answer, seat: world.meetings.seat };
}

describe('a room system', () => {
  it('comes into the meeting that it called', async () => {
    const { seat, answer, faults } = await inMeeting();
    expect(seat.meeting).toBe('460900001');
    expect(seat.arrival).toEqual({
      kind: 'room',
      protocol: 'sip',
      callId: 'call-1',
      name: 'Sal 3',
      alias: '461010001',
      organisation: 'region-norr',
      zone: 'norr',
      invited: false,
    });
    expect(seat.leg.opened.map(([line]) => line)).toEqual(['audio', 'video', 'slides']);
    expect(seat.leg.connected.map(([line]) => line)).toEqual(['audio', 'video', 'slides']);
    expect(seat.leg.waiting).toBe(false);
    expect(seat.ciphers).toContain('SRTP AES-128');
    const [, local] = seat.leg.opened[0] ?? [];
    expect(parse(answer.body).media[0]).toMatchObject({ port: local?.port, crypto: [{ config: `inline:${local?.key}` }] });
    expect(faults).toEqual([]);
  });

  it('leaves when it hangs up', async () => {
    const { seat, peer, dialog } = await inMeeting();
    await peer.response(peer.inside(dialog, 'BYE'), 200);
    expect(seat.left).toEqual(['left']);
    expect(seat.leg.closed).toBe(true);
  });

  it('is hung up, with the reason, when it is put out', async () => {
    const { seat, peer } = await inMeeting();
    seat.move('out', 'expelled');
    const bye = await peer.request('BYE');
    expect(bye.get('reason')).toBe('SIP;cause=200;text="expelled"');
    expect(seat.leg.closed).toBe(true);
  });

  it('gives up before it has a seat', async () => {
    const { peer, meetings, headers } = openRooms();
    let open = () => {};
    meetings.gate = new Promise((resolve) => {
      open = resolve;
    });
    const invite = peer.invite({ sdp: sound(), headers });
    await peer.response(invite, 100);
    const cancel = SipRequest.create('CANCEL', invite.uri, [
      ['Via', invite.get('via') ?? ''],
      ['From', invite.get('from') ?? ''],
      ['To', invite.get('to') ?? ''],
      ['Call-ID', invite.callId],
      ['CSeq', '1 CANCEL'],
    ]);
    peer.send(cancel);
    await peer.response(invite, 487);
    open();
    await settle();
    expect(meetings.seat.left).toEqual(['left']);
    expect(meetings.seat.legs).toEqual([]);
  });

  it('is refused when it is put out before its media are there', async () => {
    const { peer, meetings, headers, agent } = openRooms();
    let open = () => {};
    meetings.prepare = (seat) => {
      seat.mediaGate = new Promise((resolve) => {
        open = resolve;
      });
    };
    const invite = peer.invite({ sdp: sound(), headers });
    await settle();
    meetings.seat.move('out', 'expelled');
    open();
    expect((await peer.response(invite, 403)).get('reason')).toContain('meeting_not_for_you');
    expect(meetings.seat.leg.closed).toBe(true);
    await settle();
    expect(agent.calls).toBe(0);
  });

  it('is refused with the reason of the meeting', async () => {
    const { peer, meetings, headers } = openRooms();
    meetings.refusal = { ok: false, refusal: 'portLicencesExhausted', retryMs: 1500 };
    const response = await peer.response(peer.invite({ sdp: sound(), headers }));
    expect(response.get('reason')).toContain('port_licences_exhausted');
    expect(response.get('retry-after')).toBe('2');
  });

  it('without encryption is refused before it takes a place', async () => {
    const { peer, meetings, headers } = openRooms();
    const response = await peer.response(peer.invite({ sdp: plain(), headers }), 488);
    expect(response.get('warning')).toContain('switch on SRTP');
    expect(meetings.seats).toEqual([]);
  });

  it('from the Internet is known by where it comes from', async () => {
    const { peer, meetings } = openRooms();
    const headers = { 'X-Portvakt-Caller': 'call-1;zone=internet;alias=anna%40other.example;source=203.0.113.7' };
    await peer.call({ sdp: sound().replaceAll('192.0.2.1', '10.20.30.40'), headers });
    expect(meetings.seat.arrival).toMatchObject({ alias: 'anna@other.example', organisation: undefined, source: '203.0.113.7' });
    // Nobody out there is to point our media at our own network.
    expect(meetings.seat.leg.connected[0]?.[1].address).toBe('learn');
  });

  it('that nobody vouches for is refused', async () => {
    const { peer, meetings } = openRooms();
    await peer.response(peer.invite({ sdp: sound() }), 403);
    expect(meetings.seats).toEqual([]);
  });

  it('is refused where there are no media, and gives its seat back', async () => {
    const { peer, meetings, headers, faults } = openRooms();
    meetings.prepare = (seat) => {
      seat.noMedia = true;
    };
    const response = await peer.response(peer.invite({ sdp: sound(), headers }));
    expect(response.get('reason')).toContain('media_unavailable');
    expect(meetings.seat.left).toEqual(['mediaFailed']);
    expect(faults).toHaveLength(1);
  });

  it('is asked for its PIN, told that it is wrong, waits in the lobby, and is let in', async () => {
    const { peer, meetings, headers } = openRooms();
    meetings.where = 'pin';
    const { dialog } = await peer.call({ sdp: sound(), headers });
    await settle();
    const { seat } = meetings;
    expect(seat.leg.waiting).toBe(true);
    expect(seat.leg.announced).toEqual(['enter-pin']);
    await peer.response(peer.inside(dialog, 'INFO', 'Signal=7\r\n', { 'Content-Type': 'application/dtmf-relay' }), 200);
    expect(seat.digits).toEqual(['7']);
    seat.move('pin');
    seat.move('lobby');
    seat.move('lobby');
    seat.move('in');
    expect(seat.leg.announced).toEqual(['enter-pin', 'wrong-pin', 'waiting', 'admitted']);
    expect(seat.leg.waiting).toBe(false);
  });

  it('without an offer is offered everything, and joins with its answer', async () => {
    const { peer, meetings, headers } = openRooms();
    const invite = peer.invite({ headers });
    const answer = await peer.response(invite, 200);
    const offered = parse(answer.body).media;
    expect(offered.map(({ type, protocol }) => `${type} ${protocol}`)).toEqual(['audio RTP/SAVP', 'video RTP/SAVP']);
    const { seat } = meetings;
    expect(seat.leg.connected).toEqual([]);
    const dialog = peer.dialog(invite, answer);
    peer.ack(dialog, sound('m=video 0 RTP/SAVP 97'));
    await settle();
    expect(seat.leg.connected.map(([line]) => line)).toEqual(['audio']);
    expect(seat.leg.connected[0]?.[1]).toMatchObject({ codec: { name: 'PCMA', receivePayloadType: 8, dtmfPayloadType: 101 } });
    expect(seat.leg.closedLines).toEqual(['video']);
    expect(seat.leg.waiting).toBe(false);
  });

  it('that answers our offer in clear is put out', async () => {
    const { peer, meetings, headers } = openRooms();
    const invite = peer.invite({ headers });
    const dialog = peer.dialog(invite, await peer.response(invite, 200));
    peer.ack(dialog, `${plain()}m=video 0 RTP/AVP 97\r\n`);
    await peer.request('BYE');
    expect(meetings.seat.where).toBe('out');
  });

  it('holds and resumes on the same ports', async () => {
    const sdp = sound();
    const { seat, peer, dialog } = await inMeeting(sdp);
    const held = await peer.response(peer.inside(dialog, 'INVITE', `${sdp}a=sendonly\r\n`), 200);
    peer.ack(dialog);
    expect(held.body).toContain('a=recvonly');
    const resumed = await peer.response(peer.inside(dialog, 'INVITE', sdp), 200);
    peer.ack(dialog);
    expect(seat.leg.directed).toEqual([
      ['audio', 'recvonly'],
      ['audio', 'sendrecv'],
    ]);
    expect(seat.leg.opened).toHaveLength(1);
    const [one, two] = [parse(held.body), parse(resumed.body)];
    expect(two.origin.sessionVersion).toBe(one.origin.sessionVersion + 1);
    expect(two.media[0]?.port).toBe(one.media[0]?.port);
  });

  it('that comes from another address has new ports and keys', async () => {
    const sdp = sound();
    const { seat, peer, dialog } = await inMeeting(sdp);
    await peer.response(peer.inside(dialog, 'INVITE', sdp.replaceAll('192.0.2.1', '192.0.2.99')), 200);
    peer.ack(dialog);
    expect(seat.leg.opened).toHaveLength(2);
    expect(seat.leg.connected.at(-1)?.[1].address).toMatchObject({ ip: '192.0.2.99' });
  });

  it('may switch its pictures off and on', async () => {
    const sdp = cisco();
    const { seat, peer, dialog } = await inMeeting(sdp);
    await peer.response(peer.inside(dialog, 'INVITE', sdp.replace('m=video 2352', 'm=video 0')), 200);
    peer.ack(dialog);
    expect(seat.leg.closedLines).toEqual(['video']);
    await peer.response(peer.inside(dialog, 'INVITE', sdp), 200);
    peer.ack(dialog);
    expect(seat.leg.connected.filter(([line]) => line === 'video')).toHaveLength(2);
    expect(seat.leg.connected.filter(([line]) => line === 'audio')).toHaveLength(1);
  });

  it('passes wishes for whole pictures both ways', async () => {
    const { seat, peer, dialog } = await inMeeting();
    const body = '<media_control><vc_primitive><to_encoder><picture_fast_update/></to_encoder></vc_primitive></media_control>';
    await peer.response(peer.inside(dialog, 'INFO', body, { 'Content-Type': 'application/media_control+xml' }), 200);
    expect(seat.leg.keyFrames).toBe(1);
    seat.needKeyFrame();
    expect((await peer.request('INFO')).body).toContain('picture_fast_update');
  });
});

describe('when the media are lost', () => {
  it('it is offered new ports and keys, and goes on', async () => {
    const sdp = sound();
    const { seat, peer } = await inMeeting(sdp);
    seat.loseMedia();
    const invite = await peer.request('INVITE');
    const [, local] = seat.leg.opened[0] ?? [];
    expect(seat.legs).toHaveLength(2);
    expect(parse(invite.body).media[0]).toMatchObject({ port: local?.port });
    peer.reply(invite, 200, sdp);
    await settle();
    expect(seat.leg.connected.map(([line]) => line)).toEqual(['audio']);
    expect(seat.leg.waiting).toBe(false);
    expect(seat.left).toEqual([]);
  });

  it('it is hung up where it refuses', async () => {
    const { seat, peer } = await inMeeting(sound());
    seat.loseMedia();
    peer.reply(await peer.request('INVITE'), 488);
    const bye = await peer.request('BYE');
    expect(bye.get('reason')).toBe('SIP;cause=200;text="media_lost"');
    expect(seat.left).toEqual(['mediaFailed']);
  });

  it('it waits for a worker that takes it', async () => {
    const { seat, peer, clock } = await inMeeting(sound());
    seat.noMedia = true;
    seat.loseMedia();
    await settle();
    clock.advance(1000);
    await settle();
    expect(seat.left).toEqual([]);
    seat.noMedia = false;
    clock.advance(200);
    await peer.request('INVITE');
  });

  it('it stays, though its answer to what was offered before is of no use any more', async () => {
    const { peer, meetings, headers, clock } = openRooms();
    const invite = peer.invite({ headers });
    const dialog = peer.dialog(invite, await peer.response(invite, 200));
    meetings.seat.loseMedia();
    await settle();
    const sdp = sound('m=video 0 RTP/SAVP 97');
    peer.ack(dialog, sdp);
    await settle();
    clock.advance(1000);
    peer.reply(await peer.request('INVITE'), 200, sdp);
    await settle();
    expect(meetings.seat.left).toEqual([]);
    expect(meetings.seat.leg.connected.map(([line]) => line)).toEqual(['audio']);
  });

  it('it is hung up where none can be had', async () => {
    const { seat, peer, clock } = await inMeeting(sound());
    seat.noMedia = true;
    seat.loseMedia();
    for (let i = 0; i < 26; i++) {
      await settle();
      clock.advance(200);
    }
    await peer.request('BYE');
    expect(peer.count(isRequest('INVITE'))).toBe(0);
  });

  it('twice, it begins again', async () => {
    const sdp = sound();
    const { seat, peer } = await inMeeting(sdp);
    seat.loseMedia();
    const first = await peer.request('INVITE');
    seat.loseMedia();
    peer.reply(first, 200, sdp);
    const second = await peer.request('INVITE');
    peer.reply(second, 200, sdp);
    await settle();
    expect(seat.legs).toHaveLength(3);
    expect(seat.left).toEqual([]);
    expect(seat.leg.connected).toHaveLength(1);
  });
});
