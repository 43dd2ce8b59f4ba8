import { expect, it } from 'vitest';
import { algorithmsFor } from '../../../../src/gatekeeper/sip/registrar/offered-algorithms.js';

const both = ['SHA-256', 'MD5'] as const;

it.each([
  ['Polycom/5.9', ['SHA-256', 'MD5']],
  ['baresip v3.1.0 (x86_64/linux)', ['SHA-256', 'MD5']],
  ['baresip v1.0.0 (x86_64/linux)', ['MD5']],
  ['baresip v2.12.0 (x86_64/linux)', ['MD5']],
  // Not the client, but a name that holds its name.
  ['not baresip v1.0.0', ['SHA-256', 'MD5']],
  ['baresip v10.0.0', ['SHA-256', 'MD5']],
  [undefined, ['MD5', 'SHA-256']],
] as const)('%s is offered %j', (userAgent, expected) => {
  expect(algorithmsFor(both, userAgent)).toEqual(expected);
});

it.each([undefined, 'baresip v1.0.0 (x86_64/linux)', 'Polycom/5.9'])(
  'nobody is offered what the configuration forbids: %s',
  (userAgent) => {
    expect(algorithmsFor(['SHA-256'], userAgent)).toEqual(['SHA-256']);
    expect(algorithmsFor(['MD5'], userAgent)).toEqual(['MD5']);
  },
);
