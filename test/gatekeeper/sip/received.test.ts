import { describe, expect, it } from 'vitest';
import { SipRequest } from '../../../src/gatekeeper/sip/message/message.js';
import { answerFlow, noteReceived } from '../../../src/gatekeeper/sip/received.js';
import { RecordingFlow } from '../../support/recording-flow.js';
import { TestFlow } from './registrar-fixture.js';

const requestBy = (via: string) => SipRequest.create('OPTIONS', 'sip:here.example', [['Via', via]]);

/** The top Via after the request came from 198.51.100.7:40000. */
function noted(via: string): string | undefined {
  const request = requestBy(via);
  noteReceived(request, new TestFlow('udp', '198.51.100.7', 40_000));
  return request.get('via');
}

describe('what is written into Via', () => {
  it.each([
    ['nothing where it is the source', '198.51.100.7:5060;branch=b', '198.51.100.7:5060;branch=b'],
    ['received where it is another host', '10.0.0.1:5060;branch=b', '10.0.0.1:5060;branch=b;received=198.51.100.7'],
    ['received for a name', 'phone.example;branch=b', 'phone.example;branch=b;received=198.51.100.7'],
    ['rport and received where asked', '198.51.100.7;rport;branch=b', '198.51.100.7;branch=b;rport=40000;received=198.51.100.7'],
    ['the truth over a lie', '10.0.0.1;received=9.9.9.9;rport=1;branch=b', '10.0.0.1;branch=b;rport=40000;received=198.51.100.7'],
    ['the truth over a lie in capitals', '10.0.0.1;RECEIVED=9.9.9.9;branch=b', '10.0.0.1;branch=b;received=198.51.100.7'],
  ])('%s', (_what, sent, expected) => {
    expect(noted(`SIP/2.0/UDP ${sent}`)).toBe(`SIP/2.0/UDP ${expected}`);
  });

  it('only the top one', () => {
    const request = requestBy('SIP/2.0/UDP 10.0.0.1;branch=b');
    request.add('via', 'SIP/2.0/UDP 10.0.0.2;branch=c');
    noteReceived(request, new TestFlow('udp', '198.51.100.7', 40_000));
    expect(request.list('via')).toEqual(['SIP/2.0/UDP 10.0.0.1;branch=b;received=198.51.100.7', 'SIP/2.0/UDP 10.0.0.2;branch=c']);
  });
});

describe('where answers go', () => {
  const back = new RecordingFlow('udp', { address: '198.51.100.7', port: 5060 });
  /** The flow that is taken, and the id that was asked for. */
  function answered(via: string, flow = new TestFlow('udp', '198.51.100.7', 40_000)) {
    const asked: string[] = [];
    const taken = answerFlow(requestBy(via), flow, {
      flow: (id) => {
        asked.push(id);
        return back;
      },
    });
    return { taken, flow, asked };
  }

  it('to the port of the Via, where no rport was asked and the host is the source', () => {
    const { taken, flow, asked } = answered('SIP/2.0/UDP 198.51.100.7:5060;branch=b');
    expect(asked).toEqual(['udp:198.51.100.7:5060']);
    taken.send('an answer');
    expect(back.take()).toEqual(['an answer']);
    expect(flow.sent).toEqual([]);
    // Who asks is told by where it came from.
    expect(taken).toMatchObject({ id: flow.id, remote: flow.remote, transport: 'udp', reliable: false, closed: false });
  });

  it('to 5060 where the Via names no port', () => {
    expect(answered('SIP/2.0/UDP 198.51.100.7;branch=b').asked).toEqual(['udp:198.51.100.7:5060']);
  });

  it.each([
    ['with rport', 'SIP/2.0/UDP 198.51.100.7:5060;rport;branch=b'],
    ['behind a NAT', 'SIP/2.0/UDP 10.0.0.1:5060;branch=b'],
    ['from the port of its Via', 'SIP/2.0/UDP 198.51.100.7:40000;branch=b'],
  ])('to the source %s', (_what, via) => {
    const { taken, flow, asked } = answered(via);
    expect(taken).toBe(flow);
    expect(asked).toEqual([]);
  });

  it('on the connection, whatever the Via says', () => {
    const { taken, flow } = answered('SIP/2.0/TCP 198.51.100.7:5060;branch=b', new TestFlow('tcp', '198.51.100.7', 40_000));
    expect(taken).toBe(flow);
  });
});
