import { describe, expect, it } from 'vitest';
import type { MeetingDefinition } from '../../../src/bridge/meetings/meeting.js';
import { DialOut } from '../../../src/bridge/sip/dial-out.js';
import { Rooms } from '../../../src/bridge/sip/rooms.js';
import { SipRequest } from '../../../src/gatekeeper/sip/message/message.js';
import { plain, sound } from './offers.js';
import { settle } from './peer.js';
import { StandInMeetings } from './stand-ins.js';
import { openWorld } from './world.js';

const definition: MeetingDefinition = {
  id: '460900001',
  kind: 'permanent',
  title: 'Möte',
  organisation: 'region-norr',
  hostPin: undefined,
  guestPin: undefined,
  lobby: 'off',
  admits: 'everybody',
  maxParticipants: 10,
  maxMinutes: undefined,
  from: undefined,
  until: undefined,
  roomSystems: true,
};

const isRequest = (method: string) => (message: unknown) => message instanceof SipRequest && message.method === method;
const answer = () => sound('m=video 0 RTP/SAVP 97');

function calling(address = 'sal3@norr.example', mediaAddresses = ['127.0.0.1']) {
  const meetings = new StandInMeetings();
  const faults: unknown[] = [];
  const rooms = new Rooms({ meetings, onFault: (error) => faults.push(error) });
  const world = openWorld();
  const find = async (id: string) => (id === definition.id ? definition : undefined);
  const dialOut = new DialOut({
    agent: world.agent,
    rooms,
    meetings: { find, join: (...args) => meetings.join(...args) },
    domain: () => 'mote.example',
    mediaAddresses,
  });
  let rang = 0;
  const invite = (to = address, meeting = definition.id) => dialOut.invite(meeting, to, () => rang++);
  return { ...world, meetings, faults, invite, rang: () => rang };
}

describe('a room system that is called', () => {
  it('rings, answers, and is in', async () => {
    const { peer, meetings, invite, rang, faults } = calling();
    const outcome = invite();
    const request = await peer.request('INVITE');
    expect(request.uri).toBe('sip:sal3@norr.example');
    expect(request.from.uri).toBe('sip:460900001@mote.example');
    expect(Buffer.from(request.from.display, 'latin1').toString('utf8')).toBe('Möte');
    peer.reply(request, 180);
    peer.reply(request, 200, answer());
    expect(await outcome).toBeUndefined();
    expect(rang()).toBe(1);
    const { seat } = meetings;
    expect(seat.arrival).toMatchObject({ kind: 'room', invited: true, alias: 'sal3@norr.example' });
    expect(seat.leg.connected.map(([line]) => line)).toEqual(['audio']);
    expect(seat.leg.waiting).toBe(false);
    await peer.request('ACK');
    await peer.response(peer.inside(peer.answering(request, 'peer'), 'BYE'), 200);
    expect(seat.left).toEqual(['left']);
    expect(seat.leg.closed).toBe(true);
    expect(faults).toEqual([]);
  });

  it.each([
    [['10.0.0.5'], { ip: '10.20.30.40' }],
    [['203.0.113.9'], { ip: '10.20.30.40' }],
    [['8.8.4.4'], 'learn'],
  ])('with media at %j finds a room system that answers from a private address at %j', async (ours, found) => {
    const { peer, meetings, invite } = calling(undefined, ours);
    const outcome = invite();
    peer.reply(await peer.request('INVITE'), 200, answer().replaceAll('192.0.2.1', '10.20.30.40'));
    expect(await outcome).toBeUndefined();
    const address = meetings.seat.leg.connected[0]?.[1].address;
    if (typeof found === 'string') expect(address).toBe(found);
    else expect(address).toMatchObject(found);
  });

  it('by a number is called as a telephone is', async () => {
    const { peer, invite } = calling();
    const outcome = invite('+46 10 100 01'.replaceAll(' ', ''));
    const request = await peer.request('INVITE');
    expect(request.uri).toBe('tel:+461010001');
    peer.reply(request, 486);
    expect(await outcome).toBe('calleeUnreachable');
  });

  it.each([
    [404, {}, 'addressUnknown'],
    [488, {}, 'mediaUnsupported'],
    [603, {}, 'calleeUnreachable'],
    [403, { Reason: 'SIP;cause=403;text="internet_outbound_off", Q.850;cause=21' }, 'internetOutboundOff'],
  ])('and refuses with %i %o is not in', async (status, headers, refusal) => {
    const { peer, invite, meetings } = calling();
    const outcome = invite();
    peer.reply(await peer.request('INVITE'), status, '', headers);
    expect(await outcome).toBe(refusal);
    expect(meetings.seat.left).toEqual(['left']);
    expect(meetings.seat.leg.closed).toBe(true);
  });

  it('and answers in clear is hung up', async () => {
    const { peer, invite, meetings } = calling();
    const outcome = invite();
    peer.reply(await peer.request('INVITE'), 200, `${plain()}m=video 0 RTP/AVP 97\r\n`);
    expect(await outcome).toBe('answerNotEncrypted');
    await peer.request('BYE');
    expect(meetings.seat.where).toBe('out');
  });

  it('is not called any more when its seat is taken away', async () => {
    const { peer, invite, meetings, agent } = calling();
    const outcome = invite();
    const request = await peer.request('INVITE');
    peer.reply(request, 180);
    await settle();
    meetings.seat.move('out', 'ended');
    await peer.request('CANCEL');
    expect(await outcome).toBe('calleeUnreachable');
    peer.reply(request, 487);
    await settle();
    expect(agent.calls).toBe(0);
  });

  it.each(['its media are made', 'its offer is written'])('is not called when its seat is taken away while %s', async (when) => {
    const { peer, invite, meetings, agent } = calling();
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    meetings.prepare = (seat) => {
      if (when === 'its media are made') seat.mediaGate = gate;
      else seat.lineGate = gate;
    };
    const outcome = invite();
    await settle();
    meetings.seat.move('out', 'ended');
    open();
    expect(await outcome).toBe(when === 'its media are made' ? 'meetingNotForYou' : 'calleeUnreachable');
    expect([peer.count(isRequest('INVITE')), agent.calls]).toEqual([0, 0]);
    expect(meetings.seat.leg.closed).toBe(true);
  });

  it('is not called where there is no place, no meeting, no address or no media', async () => {
    const { peer, invite, meetings } = calling();
    expect(await invite('no address')).toBe('addressUnreadable');
    expect(await invite('sal3@norr.example', 'other')).toBe('meetingUnknown');
    meetings.refusal = { ok: false, refusal: 'portLicencesExhausted' };
    expect(await invite()).toBe('portLicencesExhausted');
    meetings.refusal = undefined;
    meetings.prepare = (seat) => {
      seat.noMedia = true;
    };
    expect(await invite()).toBe('mediaUnavailable');
    expect(meetings.seat.left).toEqual(['mediaFailed']);
    await settle();
    expect(peer.count(isRequest('INVITE'))).toBe(0);
  });
});
