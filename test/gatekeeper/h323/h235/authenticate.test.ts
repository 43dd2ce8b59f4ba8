import { beforeEach, describe, expect, it } from 'vitest';
import { rasMessage } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { PerError } from '../../../../src/gatekeeper/h323/asn1/per/codec.js';
import {
  type Account,
  type Authentication,
  type AuthenticationInput,
  type AuthenticationOptions,
  authenticate,
} from '../../../../src/gatekeeper/h323/h235/authenticate.js';
import { makeCatToken } from '../../../../src/gatekeeper/h323/h235/cat.js';
import { makePasswordHash } from '../../../../src/gatekeeper/h323/h235/password-hash.js';
import { ReplayWindow } from '../../../../src/gatekeeper/h323/h235/replay.js';
import {
  CAPTURED_PASSWORD,
  capturedRegistrations,
  GATEKEEPER,
  NOW,
  received,
  registration,
  signedRegistration,
  signer,
} from './messages.js';

const accounts = new Map<string, Account>([
  ['norr1', { user: 'norr1', password: 'hemligt' }],
  ['461010001', { user: 'norr1', password: 'hemligt' }],
  ['syd1', { user: 'syd1', password: 'annat' }],
]);
const lookup = (name: string) => accounts.get(name);

let options: AuthenticationOptions;
beforeEach(() => {
  options = { replay: new ReplayWindow() };
});

const judge = (bytes: Uint8Array, more: Partial<AuthenticationInput> = {}): Authentication =>
  authenticate({ ...received(bytes), ...more }, lookup, options);

const cat = (generalID: string, password: string, random = 1, now = NOW) => makeCatToken({ generalID, password, now, random });
const md5 = (alias: string, password: string, now = NOW) => makePasswordHash({ alias: { type: 'h323-ID', value: alias }, password, now });

describe('what another stack sent', () => {
  const registrations = capturedRegistrations();

  it('is in the capture twice, with three tokens each', () => {
    expect(registrations.map(({ request }) => [request.tokens?.length, request.cryptoTokens?.length])).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it.each(['h235.1', 'md5', 'cat'] as const)('is proven by its %s token', (method) => {
    for (const { bytes, request } of registrations) {
      const [user] = (request.terminalAlias ?? []).map(({ value }) => String(value));
      const input = {
        tokens: request.tokens,
        cryptoTokens: request.cryptoTokens,
        bytes,
        gatekeeperId: 'peer-gk',
        aliases: [],
        source: '192.0.2.9',
      };
      const now = 1_795_310_516_000;
      const account = (password: string) => (name: string) => ({ user: name, password });
      const result = authenticate({ ...input, now }, account(CAPTURED_PASSWORD), { replay: new ReplayWindow(), methods: [method] });
      expect(result).toMatchObject({ ok: true, user, method });
      const wrong = authenticate({ ...input, now }, account('secret2'), { replay: new ReplayWindow(), methods: [method] });
      expect(wrong).toMatchObject({ ok: false, why: 'wrongPassword', name: user, reason: { type: 'securityDenial' } });
    }
  });
});

describe('H.235.1', () => {
  it('proves the user', () => {
    expect(judge(signedRegistration('norr1', 'hemligt'))).toMatchObject({ ok: true, user: 'norr1', method: 'h235.1' });
  });

  it('tells the account by its own name, whichever name the token has', () => {
    expect(judge(signedRegistration('461010001', 'hemligt'))).toMatchObject({ ok: true, user: 'norr1' });
  });

  it('refuses a wrong password', () => {
    expect(judge(signedRegistration('norr1', 'fel'))).toMatchObject({ ok: false, why: 'wrongPassword', name: 'norr1' });
  });

  it('refuses a message with any byte changed', () => {
    const whole = signedRegistration('norr1', 'hemligt');
    for (let index = 0; index < whole.length; index++) {
      const changed = Buffer.from(whole);
      changed[index] = (changed[index] ?? 0) ^ (1 << (index % 8));
      let result: Authentication | undefined;
      try {
        result = judge(changed);
      } catch (error) {
        // What is not an RRQ any longer never gets here.
        if (!(error instanceof PerError) && !/^Error: an? /.test(String(error))) throw error;
      }
      expect(result?.ok ?? false, `byte ${index}`).toBe(false);
    }
  });

  it('refuses a message that grew or shrank behind its token', () => {
    const whole = signedRegistration('norr1', 'hemligt');
    expect(judge(Buffer.concat([whole, Buffer.alloc(1)]))).toMatchObject({ ok: false, why: 'wrongPassword' });
  });

  it('refuses a token for another gatekeeper', () => {
    expect(judge(signedRegistration('norr1', 'hemligt', { generalID: 'other-gk' }))).toMatchObject({
      ok: false,
      why: 'malformed',
      reason: { type: 'securityError', value: { type: 'securityWrongGeneralID' } },
      sentence: expect.stringContaining('"other-gk"'),
    });
  });

  it('takes a token that names no gatekeeper, as several vendors send it', () => {
    const token = signer('norr1', 'hemligt').token(NOW, 1);
    expect(token.type).toBe('nestedcryptoToken');
    if (token.type !== 'nestedcryptoToken' || token.value.type !== 'cryptoHashedToken') return;
    const { hashedVals } = token.value.value;
    const anonymous = {
      ...token,
      value: { ...token.value, value: { ...token.value.value, hashedVals: { ...hashedVals, generalID: undefined } } },
    };
    expect(judge(registration({ cryptoTokens: [anonymous] }, 'hemligt'))).toMatchObject({ ok: true });
    const timeless = {
      ...token,
      value: { ...token.value, value: { ...token.value.value, hashedVals: { ...hashedVals, random: undefined } } },
    };
    expect(judge(registration({ cryptoTokens: [timeless] }, 'hemligt'))).toMatchObject({ ok: false, why: 'malformed' });
  });

  it('takes the versions of H.235.0 that peers write, and answers in theirs', () => {
    const version1 = JSON.parse(JSON.stringify(signer('norr1', 'hemligt').token(NOW, 1)).replaceAll('0.0.8.235.0.2.', '0.0.8.235.0.1.'));
    version1.value.value.token.hash = { bytes: Buffer.from(version1.value.value.token.hash.bytes.data), length: 96 };
    const result = judge(registration({ cryptoTokens: [version1] }, 'hemligt'));
    expect(result).toMatchObject({ ok: true });
    expect(result.ok && result.answer?.token(NOW, 1)).toMatchObject({ value: { value: { tokenOID: '0.0.8.235.0.1.1' } } });
  });

  it('signs an answer that the endpoint can check in the same way', () => {
    const result = judge(signedRegistration('norr1', 'hemligt'));
    const answer = result.ok ? result.answer : undefined;
    expect(answer).toBeDefined();
    if (!answer) return;
    const bytes = registration({ cryptoTokens: [answer.token(NOW + 1000, 99)] });
    answer.sign(bytes);
    const asEndpoint = authenticate(
      { ...received(bytes), gatekeeperId: 'norr1' },
      (name) => (name === GATEKEEPER ? { user: name, password: 'hemligt' } : undefined),
      { replay: new ReplayWindow() },
    );
    expect(asEndpoint).toMatchObject({ ok: true, user: GATEKEEPER });
  });
});

describe('who it is', () => {
  it('is told by an alias when the name in the token is no account', () => {
    const bytes = signedRegistration('an-endpointIdentifier-of-before', 'hemligt');
    expect(judge(bytes)).toMatchObject({
      ok: false,
      why: 'unknownUser',
      sentence: expect.stringContaining('"an-endpointIdentifier-of-before"'),
    });
    expect(judge(bytes, { aliases: ['nobody', 'syd1', '461010001'] })).toMatchObject({ ok: true, user: 'norr1' });
  });

  it('is the account of the registration, and nobody else, once there is one', () => {
    const [norr, syd] = [lookup('norr1'), lookup('syd1')];
    expect(judge(signedRegistration('endpoint-7', 'hemligt'), { account: norr })).toMatchObject({ ok: true, user: 'norr1' });
    expect(judge(signedRegistration('norr1', 'hemligt', { random: 2 }), { account: syd })).toMatchObject({
      ok: false,
      why: 'wrongPassword',
    });
  });
});

describe('MD5 and CAT', () => {
  it('prove the user', () => {
    expect(judge(registration({ cryptoTokens: [md5('norr1', 'hemligt')] }))).toMatchObject({
      ok: true,
      user: 'norr1',
      method: 'md5',
      answer: undefined,
    });
    expect(judge(registration({ tokens: [cat('norr1', 'hemligt')] }))).toMatchObject({
      ok: true,
      user: 'norr1',
      method: 'cat',
      answer: undefined,
    });
  });

  it('refuse a wrong password and a user that does not exist', () => {
    expect(judge(registration({ cryptoTokens: [md5('norr1', 'fel')] }))).toMatchObject({ why: 'wrongPassword', name: 'norr1' });
    expect(judge(registration({ tokens: [cat('norr1', 'fel')] }))).toMatchObject({ why: 'wrongPassword' });
    expect(judge(registration({ tokens: [cat('ingen', 'hemligt')] }))).toMatchObject({
      why: 'unknownUser',
      reason: { type: 'securityDenial' },
    });
  });

  it('refuse a CAT that lacks a part', () => {
    const whole = cat('norr1', 'hemligt');
    for (const part of ['timeStamp', 'challenge', 'random'] as const) {
      expect(judge(registration({ tokens: [{ ...whole, [part]: undefined }] }))).toMatchObject({ ok: false, why: 'malformed' });
    }
    expect(judge(registration({ tokens: [{ ...whole, random: 256 }] }))).toMatchObject({ ok: false, why: 'malformed' });
  });

  it('are taken only where they are allowed', () => {
    options = { ...options, methods: ['h235.1', 'md5'] };
    expect(judge(registration({ tokens: [cat('norr1', 'hemligt')] }))).toMatchObject({
      ok: false,
      why: 'unsupported',
      reason: { type: 'securityError', value: { type: 'securityWrongOID' } },
      sentence: "The password token is of CAT: set the endpoint's H.235 authentication to H.235.1 or MD5",
    });
  });
});

describe('the strongest token decides', () => {
  const both = (password: string, catPassword: string) =>
    registration({ tokens: [cat('norr1', catPassword)], cryptoTokens: [signer('norr1', password).token(NOW, 5)] }, password);

  it('though a weaker one beside it is right', () => {
    expect(judge(both('fel', 'hemligt'))).toMatchObject({ ok: false, why: 'wrongPassword' });
    expect(judge(both('hemligt', 'fel'))).toMatchObject({ ok: true, method: 'h235.1' });
  });

  it('and spends the weaker ones with it: cut out, they are a replay', () => {
    expect(judge(both('hemligt', 'hemligt'))).toMatchObject({ ok: true, method: 'h235.1' });
    expect(judge(registration({ tokens: [cat('norr1', 'hemligt')] }))).toMatchObject({ ok: false, why: 'replay' });
  });
});

describe('time and replay', () => {
  it.each([
    [-61, 'slow'],
    [61, 'fast'],
  ])('a clock %i seconds off is told to the technician', (off, word) => {
    for (const bytes of [
      signedRegistration('norr1', 'hemligt', { now: NOW + off * 1000 }),
      registration({ cryptoTokens: [md5('norr1', 'hemligt', NOW + off * 1000)] }),
      registration({ tokens: [cat('norr1', 'hemligt', 1, NOW + off * 1000)] }),
    ]) {
      expect(judge(bytes)).toMatchObject({
        ok: false,
        why: 'wrongTime',
        reason: { type: 'securityError', value: { type: 'securityWrongSyncTime' } },
        sentence: `The clock of "norr1" is 61 seconds ${word} (at most 60 are allowed): let the endpoint set its clock by NTP`,
      });
    }
  });

  it('a minute off is taken', () => {
    expect(judge(signedRegistration('norr1', 'hemligt', { now: NOW - 60_000 }))).toMatchObject({ ok: true });
    expect(judge(signedRegistration('norr1', 'hemligt', { now: NOW + 60_000 }))).toMatchObject({ ok: true });
  });

  it('the same message is taken once', () => {
    const bytes = signedRegistration('norr1', 'hemligt');
    expect(judge(bytes)).toMatchObject({ ok: true });
    expect(judge(bytes)).toMatchObject({ ok: false, why: 'replay', reason: { type: 'securityError', value: { type: 'securityReplay' } } });
    expect(judge(signedRegistration('norr1', 'hemligt', { random: 2 }))).toMatchObject({ ok: true });
  });

  it('a CAT is not new under another name of its account, nor with a sign before its byte', () => {
    const token = cat('norr1', 'hemligt', 245);
    expect(judge(registration({ tokens: [token] }))).toMatchObject({ ok: true });
    const elsewhere = { source: '192.0.2.10' };
    expect(judge(registration({ tokens: [{ ...token, generalID: '461010001' }] }), elsewhere)).toMatchObject({ why: 'replay' });
    expect(judge(registration({ tokens: [{ ...token, random: -11 }] }), elsewhere)).toMatchObject({ why: 'replay' });
  });

  it('a CAT, whose random value is a byte, may come again from where it first came from, for a few seconds', () => {
    const bytes = registration({ tokens: [cat('norr1', 'hemligt')] });
    expect(judge(bytes)).toMatchObject({ ok: true });
    expect(judge(bytes, { source: '192.0.2.10' })).toMatchObject({ ok: false, why: 'replay' });
    expect(judge(bytes, { source: '192.0.2.10' })).toMatchObject({ ok: false, why: 'replay' });
    expect(judge(bytes, { now: NOW + 5000 })).toMatchObject({ ok: true });
    expect(judge(bytes, { now: NOW + 6000 })).toMatchObject({ ok: false, why: 'replay' });
  });

  it('an MD5 token serves all requests of its second, and is worth nothing later', () => {
    const bytes = registration({ cryptoTokens: [md5('norr1', 'hemligt')] });
    expect(judge(bytes)).toMatchObject({ ok: true });
    expect(judge(bytes, { now: NOW + 2000 })).toMatchObject({ ok: true });
    expect(judge(bytes, { now: NOW + 8000 })).toMatchObject({ ok: false, why: 'replay' });
  });

  it('what proves nothing takes no room', () => {
    for (let random = 0; random < 50; random++) judge(signedRegistration('norr1', 'fel', { random }));
    judge(signedRegistration('ingen', 'fel'));
    expect(options.replay.size).toBe(0);
  });
});

describe('no token that counts', () => {
  it('is told apart from a wrong one', () => {
    expect(judge(registration({}))).toMatchObject({ ok: false, why: 'absent', reason: { type: 'securityDenial' }, name: undefined });
    expect(judge(registration({ tokens: [{ tokenOID: '0.0.8.235.0.4.79', timeStamp: 1 }] }))).toMatchObject({ why: 'absent' });
  });

  it.each([
    ['encrypted', { type: 'cryptoEPPwdEncr', value: { algorithmOID: '1.3.14.3.2.6', paramS: {}, encryptedData: Buffer.from([1]) } }],
    [
      'of another hash',
      {
        type: 'cryptoEPPwdHash',
        value: {
          alias: { type: 'dialedDigits', value: '461010001' },
          timeStamp: NOW / 1000,
          token: { algorithmOID: '1.3.14.3.2.26', paramS: {}, hash: { bytes: Buffer.alloc(20), length: 160 } },
        },
      },
    ],
  ] as const)('is %s', (_, token) => {
    expect(judge(registration({ cryptoTokens: [token] }))).toMatchObject({ ok: false, why: 'unsupported' });
  });

  it('names no password in a sentence', () => {
    const sentences = ['fel', 'hemligt'].flatMap((password) => {
      const bytes = signedRegistration('norr1', password);
      return [judge(bytes), judge(bytes)].map((result) => JSON.stringify(result));
    });
    for (const sentence of sentences) expect(sentence).not.toContain('hemligt');
  });

  it('may come by the hundred without costing more than a few', () => {
    const tokens = Array.from({ length: 300 }, (_, index) => cat('norr1', 'fel', index % 256));
    expect(rasMessage.decode(registration({ tokens })).type).toBe('registrationRequest');
    expect(judge(registration({ tokens }))).toMatchObject({ ok: false, why: 'wrongPassword' });
  });
});
