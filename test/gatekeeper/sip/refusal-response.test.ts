import { expect, test } from 'vitest';
import { type RefusalCode, refusals } from '../../../src/gatekeeper/calls/reasons.js';
import { parseMessage } from '../../../src/gatekeeper/sip/message/parse.js';
import { refusalResponse } from '../../../src/gatekeeper/sip/refusal-response.js';
import { register } from './registrar-fixture.js';

const codes = Object.keys(refusals) as RefusalCode[];

test.each(codes)('%s says its status, its sentence and its code, in a message that parses', (code) => {
  const response = refusalResponse(register(), code);
  const { status, phrase, warning } = refusals[code].sip;
  expect([response.status, response.reason]).toEqual([status, phrase]);
  expect(response.get('warning')).toBe(`399 portvakt "${warning}"`);
  expect(response.get('reason')).toBe(`SIP;cause=${status};text="${refusals[code].metric}", Q.850;cause=${refusals[code].h323.q850}`);
  expect(response.get('retry-after')).toBe(status === 503 ? '5' : undefined);
  expect(parseMessage(response.toString()).ok).toBe(true);
});

test('a more exact sentence takes the place of the general one, on one line and in UTF-8', () => {
  const response = refusalResponse(register(), 'badRequest', 'Skriv "så här"\r\nVia: x');
  const bytes = Buffer.from('så här', 'utf8').toString('latin1');
  expect(response.get('warning')).toBe(`399 portvakt "Skriv \\"${bytes}\\"  Via: x"`);
  expect(response.toString().match(/^Via:/gm)).toHaveLength(1);
});
