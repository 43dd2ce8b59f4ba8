import type { CryptoH323Token, RegistrationRequest } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { rasMessage } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import type { ClearToken } from '../../../../src/gatekeeper/h323/asn1/h235.js';
import { AnswerSigner } from '../../../../src/gatekeeper/h323/h235/answer-signer.js';
import type { AuthenticationInput } from '../../../../src/gatekeeper/h323/h235/authenticate.js';
import { signH2351 } from '../../../../src/gatekeeper/h323/h235/h2351.js';
import { capturedMessages } from '../../../support/h323-captures.js';

export const NOW = 1_700_000_000_000;
export const GATEKEEPER = 'portvakt';

/** The password of both endpoints in the capture: the values of all three of its tokens follow from it. */
export const CAPTURED_PASSWORD = 'secret1';

export interface CapturedRegistration {
  readonly bytes: Buffer;
  readonly request: RegistrationRequest;
}

/** The RRQs of h235-password.pcap: syd1 (461020001), then norr1 (461010001); each with an H.235.1, a CAT and an MD5 token. */
export function capturedRegistrations(): CapturedRegistration[] {
  const found: CapturedRegistration[] = [];
  for (const bytes of capturedMessages('h235-password').ras) {
    const message = rasMessage.decode(bytes);
    if (message.type === 'registrationRequest') found.push({ bytes, request: message.value });
  }
  return found;
}

export interface Tokens {
  readonly tokens?: readonly ClearToken[];
  readonly cryptoTokens?: readonly CryptoH323Token[];
}

/** A small RRQ that carries these tokens, encoded; signed when `password` is given (then an H.235.1 token must be among them). */
export function registration({ tokens, cryptoTokens }: Tokens, password?: string): Buffer {
  const bytes = rasMessage.encode({
    type: 'registrationRequest',
    value: {
      requestSeqNum: 7,
      protocolIdentifier: '0.0.8.2250.0.7',
      discoveryComplete: true,
      callSignalAddress: [{ type: 'ipAddress', value: { ip: Buffer.from([127, 0, 0, 2]), port: 1720 } }],
      rasAddress: [{ type: 'ipAddress', value: { ip: Buffer.from([127, 0, 0, 2]), port: 1719 } }],
      terminalType: { mc: false, undefinedNode: false },
      terminalAlias: [{ type: 'dialedDigits', value: '461010001' }],
      endpointVendor: { vendor: { t35CountryCode: 9, t35Extension: 0, manufacturerCode: 61 } },
      tokens,
      cryptoTokens,
      keepAlive: false,
      willSupplyUUIEs: false,
      maintainConnection: false,
    },
  });
  if (password !== undefined) signH2351(bytes, password);
  return bytes;
}

/** What a gatekeeper has in its hands when `bytes` came. @throws {Error} no RRQ */
export function received(bytes: Uint8Array, now = NOW): AuthenticationInput {
  const message = rasMessage.decode(bytes);
  if (message.type !== 'registrationRequest') throw new Error(`a ${message.type}`);
  const { tokens, cryptoTokens } = message.value;
  return { tokens, cryptoTokens, bytes, gatekeeperId: GATEKEEPER, aliases: [], source: '192.0.2.9', now };
}

/** An endpoint's signer, with its name first and the gatekeeper's second. */
export const signer = (user: string, password: string, generalID: string | undefined = GATEKEEPER): AnswerSigner =>
  new AnswerSigner(password, { sendersID: user, generalID });

/** An RRQ of `user`, signed by H.235.1. */
export function signedRegistration(
  user: string,
  password: string,
  options: { now?: number; random?: number; generalID?: string } = {},
): Buffer {
  const token = signer(user, password, options.generalID ?? GATEKEEPER).token(options.now ?? NOW, options.random ?? 1);
  return registration({ cryptoTokens: [token] }, password);
}
