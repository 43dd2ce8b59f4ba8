import { describe, expect, it } from 'vitest';
import { SipRequest, SipResponse, SipSyntaxError } from '../../../../src/gatekeeper/sip/message/message.js';
import { messageLimits, type ParseResult, parseMessage } from '../../../../src/gatekeeper/sip/message/parse.js';
import { invite, register, ringing, samples } from './samples.js';

function requestOf(result: ParseResult): SipRequest {
  if (!result.ok) throw result.error;
  if (!(result.message instanceof SipRequest)) throw new Error('not a request');
  return result.message;
}

function refusalOf(bytes: string, stream = false): { status: number; text: string; answerable: boolean } {
  const result = parseMessage(bytes, { stream });
  if (result.ok) throw new Error('it was read');
  expect(result.error).toBeInstanceOf(SipSyntaxError);
  return { status: result.status, text: result.error.message, answerable: result.answerable !== undefined };
}

describe('parseMessage', () => {
  it('reads a request', () => {
    const request = requestOf(parseMessage(register));
    expect(request.method).toBe('REGISTER');
    expect(request.uri).toBe('sip:norr.example');
    expect(request.sipUri?.host).toBe('norr.example');
    expect(request.via).toMatchObject({ transport: 'tls', host: '10.1.2.3', port: 5061, branch: 'z9hG4bK776asdhds', rport: true });
    expect(request.from).toMatchObject({ display: 'Rum 1', tag: 'a73kszlfl' });
    expect(request.to.tag).toBeUndefined();
    expect(request.callId).toBe('1j9FpLxk3uxtm8tn@10.1.2.3');
    expect(request.cseq).toEqual({ seq: 2, method: 'REGISTER' });
    expect(request.maxForwards).toBe(70);
    expect(request.body).toBe('');
  });

  it('reads a response', () => {
    const result = parseMessage(ringing);
    const response = result.ok ? result.message : undefined;
    expect(response).toBeInstanceOf(SipResponse);
    expect(response).toMatchObject({ status: 180, reason: 'Ringing' });
    expect(response?.via).toMatchObject({ rport: 5060, received: '192.0.2.1' });
  });

  it.each(samples)('writes what it read to the byte (%#)', (bytes) => {
    const result = parseMessage(bytes);
    expect(result.ok && result.message.toString()).toBe(bytes);
  });

  it('keeps names and values as they came, unfolded', () => {
    const bytes = register.replace('Via: ', 'v : ').replace('Supported: path, outbound', 'SUPPORTED:path,\r\n\t outbound');
    const text = requestOf(parseMessage(bytes)).toString();
    expect(text).toContain('\r\nv: SIP/2.0/TLS');
    expect(text).toContain('\r\nSUPPORTED: path, outbound, gruu\r\n');
  });

  it('passes over empty lines before the message (§7.5)', () => {
    expect(requestOf(parseMessage(`\r\n\r\n${register}`)).method).toBe('REGISTER');
  });

  it('passes NUL and bytes that are no UTF-8 in values, and refuses them in the first line', () => {
    const agent = 'Room\x00System \xff\xfe\x80';
    const request = requestOf(parseMessage(register.replace('Room-System/11', agent)));
    expect(request.get('user-agent')).toBe(agent);
    expect(request.toString()).toContain(agent);
    for (const start of [
      'REG\x00ISTER sip:norr.example',
      'REGISTER sip:norr\x00.example',
      'REGISTER sip:\xe5@norr.example',
      'R\xc3\x84G sip:norr.example',
    ]) {
      expect(refusalOf(register.replace('REGISTER sip:norr.example', start)).status).toBe(400);
    }
  });

  it.each([
    ['a bare LF in a header', register.replace('Room-System/11', 'x\nInjected: y'), 400],
    ['a bare CR in a header', register.replace('Room-System/11', 'x\rInjected: y'), 400],
    ['a bare LF in a folded header', register.replace('Room-System/11', 'x\r\n y\nInjected: z'), 400],
    ['a bare LF at a header’s end', register.replace('Room-System/11\r\n', 'x\n'), 400],
    ['a header without a colon', register.replace('Max-Forwards: 70', 'Max-Forwards 70'), 400],
    ['a header without a name', register.replace('Max-Forwards: 70', ': 70'), 400],
    ['a name that is no token', register.replace('Max-Forwards: 70', 'Max Forwards: 70'), 400],
    ['no end of the headers', register.slice(0, -2), 400],
    ['a cut in the middle of a header', register.slice(0, 500), 400],
    ['an empty Call-ID', register.replace('1j9FpLxk3uxtm8tn@10.1.2.3', ''), 400],
    ['a Call-ID with a blank', register.replace('1j9FpLxk3uxtm8tn@', '1j9 FpLxk3uxtm8tn@'), 400],
    ['two tags in From', register.replace('tag=a73kszlfl', 'tag=a;tag=b'), 400],
    ['a Content-Length that is no number', register.replace('Content-Length: 0', 'Content-Length: 0x0'), 400],
    ['a malformed SIP URI', register.replace('sip:norr.example SIP', 'sip:a@b@norr.example SIP'), 400],
    ['another version', register.replace('SIP/2.0\r\n', 'SIP/3.0\r\n'), 505],
    ['two Content-Types', invite.replace('Content-Type: application/sdp', 'c: text/plain\r\nContent-Type: application/sdp'), 400],
  ])('refuses %s, so that it can be answered', (_, bytes, status) => {
    expect(refusalOf(bytes)).toMatchObject({ status, answerable: true });
  });

  it.each([
    ['nothing', ''],
    ['keep-alives', '\r\n\r\n'],
    ['one line', 'OPTIONS sip:a@b SIP/2.0'],
    ['no first line', 'Via: SIP/2.0/UDP a\r\n\r\n'],
    ['a method and no more', 'OPTIONS\r\n\r\n'],
    ['a bare LF in the reason', ringing.replace('Ringing', 'Ringing\nInjected: x')],
    ['a bare CR in the reason', ringing.replace('Ringing', 'Ringing\rInjected: x')],
    ['no Via', register.replace('Via:', 'X-Via:')],
    ['two branches', register.replace(';rport', ';branch=z9hG4bKother')],
    ['a Via from port 0', register.replace('10.1.2.3:5061;branch', '10.1.2.3:0;branch')],
    ['an ACK without To', 'ACK sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n\r\n'],
    ['a response without CSeq', ringing.replace('CSeq:', 'X:')],
    ['a response of another version', ringing.replace('SIP/2.0 180', 'SIP/3.0 180')],
    ['a response below 100', ringing.replace('180', '099')],
    ['a response above 699', ringing.replace('180', '700')],
  ])('drops what cannot be answered: %s', (_, bytes) => {
    expect(refusalOf(bytes)).toMatchObject({ answerable: false });
  });

  it('takes an equal Content-Length twice, and writes it once', () => {
    const request = requestOf(parseMessage(register.replace('Content-Length: 0', 'Content-Length: 0\r\nl: 0')));
    expect(request.toString().match(/content-length|\r\nl:/gi)).toHaveLength(1);
  });

  describe('the body (§18.3)', () => {
    const body = (length: string | undefined, text: string) =>
      register.replace('Content-Length: 0\r\n', length === undefined ? '' : `Content-Length: ${length}\r\n`) + text;

    it('ends where Content-Length says', () => expect(requestOf(parseMessage(body('3', 'abcdef'))).body).toBe('abc'));
    it('is the rest of a datagram without Content-Length', () => expect(requestOf(parseMessage(body(undefined, 'abc'))).body).toBe('abc'));
    it('needs Content-Length on a stream', () => {
      expect(refusalOf(body(undefined, 'abc'), true)).toMatchObject({ status: 400, answerable: true });
      expect(parseMessage(body('3', 'abc'), { stream: true }).ok).toBe(true);
    });
    it('must be there whole', () => expect(refusalOf(body('4', 'abc'))).toMatchObject({ status: 400, answerable: true }));
    it('has a limit', () => {
      const text = 'x'.repeat(messageLimits.bodyBytes + 1);
      expect(refusalOf(body(String(text.length), text), true)).toMatchObject({ status: 413, answerable: true });
    });
  });

  describe('limits', () => {
    const withHeaders = (more: string) => register.replace('Supported:', `${more}\r\nSupported:`);

    it('refuses a header that is too long, folded or not', () => {
      expect(refusalOf(withHeaders(`X: ${'y'.repeat(messageLimits.lineBytes)}`))).toMatchObject({ status: 513, answerable: true });
      expect(refusalOf(withHeaders(`X: ${'y\r\n '.repeat(messageLimits.lineBytes / 4)}`))).toMatchObject({ status: 513, answerable: true });
    });
    it('refuses 10,000 headers', () => {
      expect(refusalOf(withHeaders(Array(10_000).fill('X-A: y').join('\r\n')))).toMatchObject({ status: 513, answerable: true });
    });
    it('takes as many as the limit says', () => {
      const had = register.split('\r\n').length - 3;
      const filled = withHeaders(
        Array(messageLimits.headerLines - had)
          .fill('X-A: y')
          .join('\r\n'),
      );
      expect(parseMessage(filled).ok).toBe(true);
      expect(refusalOf(filled.replace('X-A: y', 'X-A: y\r\nX-A: y')).status).toBe(513);
    });
    it('refuses a header section that is too long', () => {
      expect(
        refusalOf(
          withHeaders(
            Array(20)
              .fill(`X-A: ${'y'.repeat(4000)}`)
              .join('\r\n'),
          ),
        ),
      ).toMatchObject({ status: 513, answerable: true });
    });
  });
});
