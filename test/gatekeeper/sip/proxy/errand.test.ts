import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../../src/clock.js';
import { responseTo, SipRequest, type SipResponse } from '../../../../src/gatekeeper/sip/message/message.js';
import { parseMessage } from '../../../../src/gatekeeper/sip/message/parse.js';
import { cancelErrand, Errand } from '../../../../src/gatekeeper/sip/proxy/errand.js';
import { Transactions } from '../../../../src/gatekeeper/sip/transaction/transactions.js';
import { RecordingFlow } from '../../../support/recording-flow.js';
import { RecordingUser } from '../transaction/rig.js';

/** A request from a phone, and an instance (or another) that it may be sent to over `out`. */
function rig(method = 'INVITE') {
  const clock = new VirtualClock(1_000_000);
  const transactions = new Transactions({ clock, user: new RecordingUser() });
  const timers = { huntMs: 3000, ringingSeconds: 180, silenceSeconds: 60, probe: true };
  const phone = new RecordingFlow('tcp');
  const request = SipRequest.create(method, 'sip:party@192.0.2.7', [
    ['Via', 'SIP/2.0/TCP 192.0.2.9;branch=z9hG4bKphone'],
    ['From', '<sip:a@test.example>;tag=1'],
    ['To', '<sip:b@test.example>;tag=2'],
    ['Call-ID', 'call-1'],
    ['CSeq', `2 ${method}`],
  ]);
  const transaction = transactions.server(request, phone);
  let left = 0;
  const errand = new Errand({ clock, timers, transactions }, transaction, () => {
    left += 1;
  });
  let branch = 0;
  const heard: string[] = [];
  return {
    ...{ clock, transactions, phone, transaction, errand, heard, pending: clock.pending },
    get left() {
      return left > 0;
    },
    send(out: RecordingFlow, declines?: (response: SipResponse) => boolean) {
      const copy = request.clone();
      copy.prepend('via', `SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK${++branch}`);
      errand.send(copy, out, {
        heard: ({ status }) => heard.push(String(status)),
        failed: () => heard.push('failed'),
        ...(declines && { declines }),
      });
    },
    answer(out: RecordingFlow, status: number) {
      const sent = parseMessage(out.sent.findLast((text) => text.startsWith(`${method} `)) ?? '', { stream: true });
      if (!sent.ok || !(sent.message instanceof SipRequest)) throw new Error('nothing was sent');
      transactions.receive(responseTo(sent.message, status), out);
    },
  };
}

describe('an errand', () => {
  it('that was cancelled is answered with 487 once nobody is to be waited for any more, and is not sent again', () => {
    const { errand, transaction, phone, send, answer } = rig();
    const [hung, next] = [new RecordingFlow('tcp'), new RecordingFlow('tcp')];
    send(hung);
    answer(hung, 180);
    cancelErrand(transaction, undefined);
    expect(hung.takeStartLines()).toContain('CANCEL sip:party@192.0.2.7 SIP/2.0');
    expect(errand.over).toBe(false);
    send(next);
    expect(next.sent).toEqual([]);
    expect(phone.takeStartLines().at(-1)).toBe('SIP/2.0 487 Request Terminated');
    expect(errand.over).toBe(true);
  });

  it('that comes to be answered here after its CANCEL is answered with 487', () => {
    const { errand, transaction, phone, send } = rig();
    send(new RecordingFlow('tcp'));
    cancelErrand(transaction, undefined);
    expect(phone.sent).toEqual([]);
    errand.takeBack();
    expect(phone.takeStartLines()).toEqual(['SIP/2.0 487 Request Terminated']);
  });

  it('is not answered with what is declined, and may go elsewhere', () => {
    const { errand, phone, heard, send, answer } = rig('BYE');
    const [first, second] = [new RecordingFlow('tcp'), new RecordingFlow('tcp')];
    send(first, ({ status }) => status === 481);
    answer(first, 481);
    expect([errand.sent, errand.over, heard]).toEqual([false, false, []]);
    send(second);
    answer(second, 200);
    expect(phone.takeStartLines()).toEqual(['SIP/2.0 200 OK']);
  });

  it.each(['INVITE', 'BYE'])('leaves nothing behind when nobody answers it (%s), or everything is closed', (method) => {
    const silent = rig(method);
    silent.send(new RecordingFlow('tcp'));
    silent.clock.advance(64_000);
    expect(silent.left).toBe(true);
    const closed = rig(method);
    closed.send(new RecordingFlow('tcp'));
    closed.transactions.close();
    closed.errand.leave();
    expect(closed.clock.pending).toBe(0);
  });
});
