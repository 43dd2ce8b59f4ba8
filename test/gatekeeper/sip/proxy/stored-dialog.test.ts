import { describe, expect, it } from 'vitest';
import { readDialog } from '../../../../src/gatekeeper/sip/proxy/stored-dialog.js';

const side = (name: string) => ({
  zone: 'norr',
  address: `<sip:${name}@norr.example>;tag=${name}`,
  tag: name,
  contact: `sip:${name}@192.0.2.7`,
  routes: ['<sip:192.0.2.1;lr>'],
  flow: { transport: 'tcp', address: '192.0.2.7', port: 5060, id: 'tcp:run:1' },
  cseq: 7,
  alias: '461010001',
});
const stored = {
  callId: 'call-1',
  caller: side('anna'),
  callee: side('bertil'),
  delayedOffer: false,
  acknowledged: true,
  answeredAt: 1000,
};

describe('a stored dialog', () => {
  it('is read as it was written', () => {
    expect(readDialog(JSON.stringify({ schema: 1, ...stored }))).toMatchObject(stored);
  });

  it('of a later version is read without what that has added', () => {
    const later = { schema: 2, ...stored, mood: 'good', caller: { ...stored.caller, shoes: 43 } };
    expect(readDialog(JSON.stringify(later))).toMatchObject(stored);
    expect(readDialog(JSON.stringify(later))?.caller).not.toHaveProperty('shoes');
  });

  it('that lacks what is needed, or is none, is not read', () => {
    const { callee: _callee, ...half } = stored;
    for (const text of ['', 'null', '[]', '{"schema":1}', JSON.stringify({ schema: 1, ...half }), JSON.stringify(stored)]) {
      expect(readDialog(text)).toBeUndefined();
    }
    const odd = { schema: 1, ...stored, caller: { ...stored.caller, flow: { ...stored.caller.flow, transport: 'ws' } } };
    expect(readDialog(JSON.stringify(odd))).toBeUndefined();
  });
});
