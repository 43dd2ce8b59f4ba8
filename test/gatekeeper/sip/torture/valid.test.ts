import { describe, expect } from 'vitest';
import { parseSipUri, uriKey, userText } from '../../../../src/gatekeeper/sip/message/uri.js';
import { parseVia } from '../../../../src/gatekeeper/sip/message/via.js';
import { sdpOf } from '../../../../src/gatekeeper/sip/sdp-policy.js';
import { firstContact, headers, message, torture, utf8 } from './torture-case.js';

const sdp = ['v=0', 'o=anna 1 1 IN IP4 192.0.2.3', 's=-', 'c=IN IP4 192.0.2.4', 't=0 0', 'm=audio 49217 RTP/SAVP 0', ''].join('\r\n');
const oddMethod = "!interesting-Method0123456789_*+`.%indeed'~";
const oddUser = "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)";
const long = (word: string, times: number) => word.repeat(times);

// RFC 4475 §3.1.1: unusual, and every element takes them.
describe('RFC 4475 §3.1.1, valid messages', () => {
  torture([
    {
      name: 'wsinv: folding, blanks and letter case wherever the grammar lets them',
      message: message(
        [
          'INVITE sip:anna@chair.example.com;unknownparam SIP/2.0',
          'TO :',
          ' sip:anna@chair.example.com ;   tag    = 1918181833n',
          'from   : "J Svensson \\\\\\""       <sip:jsv@example.com>',
          '  ;',
          '  tag = 98asjd8',
          'MaX-fOrWaRdS: 0068',
          'Call-ID: wsinv.1@192.0.2.1',
          `Content-Length   : ${sdp.length}`,
          'cseq: 0009',
          '  INVITE',
          'Via  : SIP  /   2.0',
          ' /UDP',
          '    192.0.2.2;branch=390skdjuw',
          's :',
          'NewFangledHeader:   newfangled value',
          ' continued newfangled value',
          'UnknownHeaderWithUnusualValue: ;;,,;;,;',
          'Content-Type: application/sdp',
          'Route:',
          ' <sip:services.example.com;lr;unknownwith=value;unknown-no-value>',
          'v:  SIP  / 2.0  / TCP     spindle.example.com   ;',
          '  branch  =   z9hG4bK9ikj8  ,',
          ' SIP  /    2.0   / UDP  192.168.255.111   ; branch=',
          ' z9hG4bK30239',
          'm:"Quoted string \\"\\"" <sip:jsv@example.com> ; newparam =',
          '      newvalue ;',
          '  secondparam ; q = 0.33',
        ],
        sdp,
      ),
      request: (request) => {
        expect(request.to).toMatchObject({ uri: 'sip:anna@chair.example.com', tag: '1918181833n', display: '' });
        expect(request.from).toMatchObject({ uri: 'sip:jsv@example.com', tag: '98asjd8', display: 'J Svensson \\"' });
        expect(request.maxForwards).toBe(68);
        expect(request.cseq).toEqual({ seq: 9, method: 'INVITE' });
        expect(request.via).toMatchObject({ transport: 'udp', host: '192.0.2.2', port: undefined, branch: '390skdjuw' });
        expect(request.list('via').map((value) => parseVia(value)?.branch)).toEqual(['390skdjuw', 'z9hG4bK9ikj8', 'z9hG4bK30239']);
        expect(request.get('subject')).toBe('');
        expect(request.get('newfangledheader')).toBe('newfangled value continued newfangled value');
        expect(request.get('unknownheaderwithunusualvalue')).toBe(';;,,;;,;');
        expect(request.get('route')).toBe('<sip:services.example.com;lr;unknownwith=value;unknown-no-value>');
        const contact = firstContact(request);
        expect(contact).toMatchObject({ display: 'Quoted string ""', uri: 'sip:jsv@example.com' });
        expect([...contact.params]).toEqual([
          ['newparam', 'newvalue'],
          ['secondparam', true],
          ['q', '0.33'],
        ]);
        expect(sdpOf(request)).toBe(sdp);
      },
    },
    {
      name: 'intmeth: the widest range of characters',
      message: message([
        `${oddMethod} sip:${oddUser}@example.com SIP/2.0`,
        "Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~",
        `To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>`,
        `From: token1~\` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%="${utf8('работающий')}";tag=_token~1'+\`*%!-.`,
        'Call-ID: intmeth.word%ZK-!.*_+\'@word`~)(><:\\/"][?}{',
        `CSeq: 139122385 ${oddMethod}`,
        'Max-Forwards: 255',
        `extensionHeader-!.%*+_\`'~:${utf8('\uFEFF大停電')}`,
        'Content-Length: 0',
      ]),
      request: (request) => {
        expect(request.method).toBe(oddMethod);
        const [user, password] = oddUser.split(':');
        expect(parseSipUri(request.uri)).toMatchObject({ user, password, host: 'example.com' });
        expect(request.via.branch).toBe("z9hG4bK-.!%66*_+`'~");
        expect(request.to.display).toBe('BEL:\x07 NUL:\x00 DEL:\x7f');
        expect(request.from).toMatchObject({ display: "token1~` token2'+_ token3*%!.-", tag: "_token~1'+`*%!-." });
        expect(request.from.params.get("fromparam''~+*_!.-%")).toBe(utf8('работающий'));
        expect(request.callId).toBe('intmeth.word%ZK-!.*_+\'@word`~)(><:\\/"][?}{');
        expect(request.maxForwards).toBe(255);
        expect(request.get("extensionheader-!.%*+_`'~")).toBe(utf8('\uFEFF大停電'));
      },
    },
    {
      name: 'esc01: escapes in URIs are resolved once, and only for comparing',
      message: message([
        'INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0',
        ...headers('INVITE', {
          To: 'sip:%75se%72@example.com',
          Contact: '<sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>',
        }),
      ]),
      request: (request) => {
        expect(request.sipUri).toMatchObject({ user: 'sips%3Auser%40example.com', host: 'example.net' });
        expect(userText(request.sipUri?.user ?? '')).toBe('sips:user@example.com');
        expect(request.to.uri).toBe('sip:%75se%72@example.com');
        expect(uriKey(request.to.uri)).toBe(uriKey('sip:user@example.com'));
        const contact = firstContact(request);
        const uri = parseSipUri(contact.uri);
        expect([...(uri?.params ?? [])]).toEqual([
          ['lr', true],
          ['name', 'v%61lue%25%34%31'],
        ]);
      },
    },
    {
      name: 'escnull: an escaped NUL is three characters of a user',
      message: message([
        'REGISTER sip:example.com SIP/2.0',
        ...headers('REGISTER', {
          To: 'sip:null-%00-null@example.com',
          From: 'sip:null-%00-null@example.com;tag=8394',
          Contact: ['<sip:%00@host5.example.com>', '<sip:%00%00@host5.example.com>'],
        }),
      ]),
      request: (request) => {
        const contacts = request.contacts;
        if (contacts === '*') throw new Error('two contacts');
        expect(contacts.map((contact) => contact.uri)).toEqual(['sip:%00@host5.example.com', 'sip:%00%00@host5.example.com']);
        expect(new Set(contacts.map((contact) => uriKey(contact.uri))).size).toBe(2);
      },
    },
    {
      name: 'esc02: a percent sign outside URIs escapes nothing',
      message: message([
        'RE%47IST%45R sip:registrar.example.com SIP/2.0',
        ...headers('RE%47IST%45R', {
          To: '"%Z%45" <sip:resource@example.com>',
          From: '"%Z%45" <sip:resource@example.com>;tag=f232jadfj23',
          Contact: ['<sip:alias1@host1.example.com>', '<sip:alias2@host2.example.com>'],
          C: 'application/sdp',
        }),
        'Content-%4Ctype: text/plain',
      ]),
      request: (request) => {
        expect(request.method).toBe('RE%47IST%45R');
        expect(request.to.display).toBe('%Z%45');
        expect(request.has('content-ltype')).toBe(false);
        expect(request.get('content-%4ctype')).toBe('text/plain');
      },
    },
    {
      name: 'lwsdisp: no blank between the display name and <',
      message: message(['OPTIONS sip:user@example.com SIP/2.0', ...headers('OPTIONS', { From: 'caller<sip:caller@example.com>;tag=323' })]),
      request: (request) => expect(request.from).toMatchObject({ display: 'caller', uri: 'sip:caller@example.com', tag: '323' }),
    },
    {
      name: 'longreq: long values everywhere, 34 Via headers in every spelling',
      message: message([
        'INVITE sip:user@example.com SIP/2.0',
        `To: "I have a user name of ${long('extreme', 10)} proportion" <sip:user@example.com:6000;unknownparam1=very${long('long', 20)}value;` +
          `longparam${long('name', 25)}=shortvalue;very${long('long', 25)}ParameterNameWithNoValue>`,
        `F: sip:${long('amazinglylongcallername', 5)}@example.net;tag=12${long('982', 50)}424;unknownheaderparam${long('name', 20)}=value`,
        `Call-ID: longreq.one${long('really', 20)}longcallid`,
        'CSeq: 3882340 INVITE',
        `Unknown-${long('Long', 20)}-Name: unknown-${long('long', 20)}-value; unknown-${long('long', 20)}-parameter = x`,
        ...['Via', 'v', 'V', 'ViA', 'VIa', 'VIA', 'via', 'viA', 'vIa', 'vIA', 'V ', 'v  '].map(
          (name, n) => `${name}: SIP/2.0/TCP sip${33 - n}.example.com`,
        ),
        ...Array.from({ length: 21 }, (_, n) => `Via  : SIP/2.0/TCP sip${21 - n}.example.com`),
        `Via: SIP/2.0/TCP host.example.com;received=192.0.2.5;branch=very${long('long', 50)}branchvalue`,
        'Max-Forwards: 70',
        `Contact: <sip:${long('amazinglylongcallername', 5)}@host5.example.net>`,
        'l: 0',
      ]),
      request: (request) => {
        expect(request.via.host).toBe('sip33.example.com');
        expect(request.getAll('via')).toHaveLength(34);
        expect(parseVia(request.list('via')[33] ?? '')).toMatchObject({
          received: '192.0.2.5',
          branch: `very${long('long', 50)}branchvalue`,
        });
        expect(parseSipUri(request.to.uri)?.params.size).toBe(3);
        expect(request.from.tag).toBe(`12${long('982', 50)}424`);
      },
    },
    {
      name: 'dblreq: what follows the body of a datagram is noise',
      message: `${message(['REGISTER sip:example.com SIP/2.0', ...headers('REGISTER', { Contact: 'sip:j.user@host.example.com' }), 'Content-Length: 0'])}INVITE sip:joe@example.com SIP/2.0\r\n\r\n`,
      request: (request) => {
        expect(request.method).toBe('REGISTER');
        expect(request.body).toBe('');
        expect(request.toString()).not.toContain('INVITE');
      },
    },
    {
      name: 'semiuri: a semicolon in the user part is the user’s',
      message: message(['OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0', ...headers('OPTIONS')]),
      request: (request) => {
        expect(request.sipUri).toMatchObject({ user: 'user;par=u%40example.net', host: 'example.com' });
        expect(request.sipUri?.params.size).toBe(0);
      },
    },
    {
      name: 'transports: Via with transports known and unknown',
      message: message([
        'OPTIONS sip:user@example.com SIP/2.0',
        ...headers('OPTIONS', {
          Via: ['UDP', 'SCTP', 'TLS', 'UNKNOWN', 'TCP'].map((transport) => `SIP/2.0/${transport} t.example.com;branch=z9hG4bK${transport}`),
        }),
      ]),
      request: (request) =>
        expect(request.list('via').map((value) => parseVia(value)?.transport)).toEqual(['udp', 'sctp', 'tls', 'unknown', 'tcp']),
    },
    {
      name: 'mpart01: a multipart body with binary bytes in it',
      message: message(
        [
          'MESSAGE sip:kumiko@example.org SIP/2.0',
          ...headers('MESSAGE', { 'Content-Type': 'multipart/mixed;boundary=7a9cbec02ceef655' }),
          'Content-Length: 141',
        ],
        `--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nHello\r\n--7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\n\r\n\x00\xff\x80\r\n--7a9cbec02ceef655--`,
      ),
      request: (request) => {
        expect(request.body).toHaveLength(141);
        expect(request.body).toContain('\x00\xff\x80');
        expect(sdpOf(request)).toBeUndefined();
      },
    },
    {
      name: 'unreason: a reason phrase in UTF-8 and punctuation',
      message: message([`SIP/2.0 200 = 2**3 * 5**2 ${utf8('но сто девяносто девять - простое')}`, ...headers('INVITE')]),
      response: (response) => {
        expect(response.status).toBe(200);
        expect(response.reason).toBe(`= 2**3 * 5**2 ${utf8('но сто девяносто девять - простое')}`);
      },
    },
    {
      name: 'noreason: an empty reason phrase',
      message: message(['SIP/2.0 100 ', ...headers('INVITE')]),
      response: (response) => expect(response).toMatchObject({ status: 100, reason: '' }),
    },
  ]);
});
