import { describe, expect, it } from 'vitest';
import { responseTo, SipRequest, SipSyntaxError } from '../../../../src/gatekeeper/sip/message/message.js';
import { parseMessage } from '../../../../src/gatekeeper/sip/message/parse.js';
import { invite, register } from './samples.js';

function read(bytes: string): SipRequest {
  const result = parseMessage(bytes);
  if (!result.ok) throw result.error;
  if (!(result.message instanceof SipRequest)) throw new Error('not a request');
  return result.message;
}

const routed = () =>
  SipRequest.create('INVITE', 'sip:a@b', [
    ['Via', 'SIP/2.0/UDP one;branch=z9hG4bK1, SIP/2.0/UDP two;branch=z9hG4bK2'],
    ['v', 'SIP/2.0/UDP three;branch=z9hG4bK3'],
    ['Route', '"a, b" <sip:p1;x=",";lr>;y="<,>" , <sip:p2;lr>'],
    ['CSeq', '1 INVITE'],
  ]);

describe('headers', () => {
  it('are found by their lower-case long names', () => {
    const request = routed();
    expect(request.get('via')).toBe('SIP/2.0/UDP one;branch=z9hG4bK1, SIP/2.0/UDP two;branch=z9hG4bK2');
    expect(request.getAll('via')).toHaveLength(2);
    expect(request.has('route')).toBe(true);
    expect(request.has('contact')).toBe(false);
    expect(request.get('contact')).toBeUndefined();
  });

  it('are split at commas outside quotes and brackets', () => {
    expect(routed().list('route')).toEqual(['"a, b" <sip:p1;x=",";lr>;y="<,>"', '<sip:p2;lr>']);
    expect(routed().list('via')).toHaveLength(3);
    expect(routed().list('contact')).toEqual([]);
  });

  it('are popped value by value', () => {
    const request = routed();
    expect(request.removeFirst('via')).toBe('SIP/2.0/UDP one;branch=z9hG4bK1');
    expect(request.via.branch).toBe('z9hG4bK2');
    expect(request.removeFirst('via')).toBe('SIP/2.0/UDP two;branch=z9hG4bK2');
    expect(request.getAll('via')).toEqual(['SIP/2.0/UDP three;branch=z9hG4bK3']);
    expect(request.removeFirst('via')).toBe('SIP/2.0/UDP three;branch=z9hG4bK3');
    expect(request.removeFirst('via')).toBeUndefined();
    expect(request.has('via')).toBe(false);
    expect(() => request.via).toThrow(SipSyntaxError);
  });

  it('go to their places', () => {
    const request = routed();
    request.prepend('via', 'SIP/2.0/TLS zero;branch=z9hG4bK0');
    request.add('via', 'SIP/2.0/UDP four;branch=z9hG4bK4');
    request.prepend('record-route', '<sip:me;lr>');
    request.add('user-agent', 'x');
    expect(request.toString()).toBe(
      [
        'INVITE sip:a@b SIP/2.0',
        'Record-Route: <sip:me;lr>',
        'Via: SIP/2.0/TLS zero;branch=z9hG4bK0',
        'Via: SIP/2.0/UDP one;branch=z9hG4bK1, SIP/2.0/UDP two;branch=z9hG4bK2',
        'Via: SIP/2.0/UDP three;branch=z9hG4bK3',
        'Via: SIP/2.0/UDP four;branch=z9hG4bK4',
        'Route: "a, b" <sip:p1;x=",";lr>;y="<,>" , <sip:p2;lr>',
        'CSeq: 1 INVITE',
        'User-Agent: x',
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
  });

  it('are replaced at the place of the first', () => {
    const request = routed();
    request.set('via', 'SIP/2.0/UDP only;branch=z9hG4bK9');
    request.set('max-forwards', '5');
    expect(request.getAll('via')).toEqual(['SIP/2.0/UDP only;branch=z9hG4bK9']);
    expect(request.maxForwards).toBe(5);
    expect(request.toString()).toContain('CSeq: 1 INVITE\r\nMax-Forwards: 5\r\n');
    request.remove('via');
    expect(request.has('via')).toBe(false);
  });

  it('drop a view when they change', () => {
    const request = read(invite);
    expect([request.via.host, request.from.tag, request.to.tag, request.cseq.seq]).toEqual(['10.1.2.3', 'a73kszlfl', undefined, 101]);
    expect(request.contacts).toHaveLength(1);
    request.prepend('via', 'SIP/2.0/UDP new;branch=z9hG4bK1');
    request.set('from', '<sip:x@y>;tag=f');
    request.set('to', '<sip:x@y>;tag=t');
    request.set('cseq', '102 INVITE');
    request.add('contact', '<sip:second@x>');
    expect([request.via.host, request.from.tag, request.to.tag, request.cseq.seq]).toEqual(['new', 'f', 't', 102]);
    expect(request.contacts).toHaveLength(2);
  });

  it('cannot be split in two by a value', () => {
    const request = routed();
    request.set('reason', 'SIP;text="a\r\nInjected: b\nc"');
    request.add('warning', 'a\rb');
    request.prepend('subject', 'a\r\n\r\nb');
    expect(request.toString()).not.toMatch(/[^\r]\n|\r[^\n]|\r\nInjected|\r\n\r\nb/);
    expect(responseTo(request, 400, 'a\r\nb').toString()).toContain('SIP/2.0 400 a  b\r\n');
  });
});

describe('Contact', () => {
  const contacts = (...lines: string[]) =>
    SipRequest.create(
      'REGISTER',
      'sip:b',
      lines.map((line) => ['Contact', line] as const),
    ).contacts;

  it('may be a star, alone', () => {
    expect(contacts('*')).toBe('*');
    expect(() => contacts('*', '<sip:a@b>')).toThrow(SipSyntaxError);
  });

  it('may be a list over several lines', () => {
    expect(contacts('<sip:a@b>;q=0.5, "x, y" <sip:c@d>', 'sip:e@f;expires=5')).toMatchObject([
      { uri: 'sip:a@b' },
      { uri: 'sip:c@d' },
      { uri: 'sip:e@f' },
    ]);
    expect(contacts()).toEqual([]);
  });
});

describe('a message', () => {
  it('writes the length of its body', () => {
    const request = read(invite);
    request.body = 'v=0\r\n';
    expect(request.toString()).toMatch(/Content-Length: 5\r\n\r\nv=0\r\n$/);
  });

  it('is copied without ties', () => {
    const request = read(invite);
    expect(request.via.host).toBe('10.1.2.3');
    const copy = request.clone();
    copy.uri = 'sip:other@example.org';
    copy.prepend('via', 'SIP/2.0/UDP new;branch=z9hG4bK1');
    copy.body = '';
    expect(request.toString()).toBe(invite);
    expect(copy.via.host).toBe('new');
    expect(copy.sipUri?.host).toBe('example.org');
    expect(request.sipUri?.host).toBe('syd.example');
  });

  it('has no header whose name is no token', () => {
    expect(() => SipRequest.create('OPTIONS', 'sip:a', [['Bad Name', 'x']])).toThrow(SipSyntaxError);
  });
});

describe('responseTo', () => {
  it('copies what a response must have, and tags To (§8.2.6.2)', () => {
    const request = read(register);
    request.prepend('via', 'SIP/2.0/UDP p;branch=z9hG4bK0');
    const response = responseTo(request, 200, undefined, [['Contact', '<sip:a@b>;expires=5']], 'mine');
    expect(response.toString()).toBe(
      [
        'SIP/2.0 200 OK',
        'Via: SIP/2.0/UDP p;branch=z9hG4bK0',
        'Via: SIP/2.0/TLS 10.1.2.3:5061;branch=z9hG4bK776asdhds;rport',
        'From: "Rum 1" <sip:461010001@norr.example>;tag=a73kszlfl',
        'To: "Rum 1" <sip:461010001@norr.example>;tag=mine',
        'Call-ID: 1j9FpLxk3uxtm8tn@10.1.2.3',
        'CSeq: 2 REGISTER',
        'Contact: <sip:a@b>;expires=5',
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
  });

  it('makes a tag of its own, another each time', () => {
    const tags = Array.from({ length: 2000 }, () => responseTo(read(register), 404).to.tag);
    expect(new Set(tags).size).toBe(2000);
    expect(tags[0]).toMatch(/^[0-9a-f]{16}$/);
  });

  it('leaves a tag that is there', () => {
    const request = read(invite.replace('<sip:461020002@syd.example>', '<sip:461020002@syd.example>;TAG=theirs'));
    expect(responseTo(request, 486).to.tag).toBe('theirs');
    expect(responseTo(request, 486).reason).toBe('Busy Here');
  });

  it('tags no 100, and gives its Timestamp back', () => {
    const request = read(invite.replace('Min-SE: 90', 'Timestamp: 54'));
    expect(responseTo(request, 100).to.tag).toBeUndefined();
    expect(responseTo(request, 100).get('timestamp')).toBe('54');
    expect(responseTo(request, 180).has('timestamp')).toBe(false);
  });

  it('answers a request that cannot be read', () => {
    const result = parseMessage(register.replace('To: "Rum 1"', 'To: "Rum 1'));
    const answerable = result.ok ? undefined : result.answerable;
    expect(answerable && responseTo(answerable, 400).toString()).toMatch(/^SIP\/2\.0 400 Bad Request\r\nVia: SIP\/2\.0\/TLS 10/);
  });
});
