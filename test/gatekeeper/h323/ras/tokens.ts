import { type RasMessage, rasMessage } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { makeCatToken } from '../../../../src/gatekeeper/h323/h235/cat.js';
import { makeH2351Token, signH2351 } from '../../../../src/gatekeeper/h323/h235/h2351.js';
import { makePasswordHash } from '../../../../src/gatekeeper/h323/h235/password-hash.js';
import type { ProofMethod } from '../../../../src/gatekeeper/h323/ras/endpoint.js';
import { digits, name } from './messages.js';
import { GATEKEEPER_ID, PASSWORD } from './world.js';

export interface TokenOptions {
  readonly method: ProofMethod;
  readonly user: string;
  readonly now: number;
  readonly password?: string;
}

let randoms = 0;

/** A message with a token that proves a password, as an endpoint sends it. */
export function withToken(message: RasMessage, { method, user, now, password = PASSWORD }: TokenOptions): Buffer {
  randoms += 1;
  switch (method) {
    case 'h235.1': {
      const token = makeH2351Token({ sendersID: user, generalID: GATEKEEPER_ID, now, random: randoms });
      const bytes = rasMessage.encode(carrying(message, { cryptoTokens: [token] }));
      signH2351(bytes, password);
      return bytes;
    }
    case 'md5': {
      const alias = /^[0-9]+$/.test(user) ? digits(user) : name(user);
      return rasMessage.encode(carrying(message, { cryptoTokens: [makePasswordHash({ alias, password, now })] }));
    }
    case 'cat':
      return rasMessage.encode(carrying(message, { tokens: [makeCatToken({ generalID: user, password, now, random: randoms % 256 })] }));
  }
}

/** Every message that these tests send has a place for tokens. */
function carrying(message: RasMessage, tokens: object): RasMessage {
  return { ...message, value: { ...(message.value as object), ...tokens } } as RasMessage;
}
