import { findElement, type InformationElement, Q931Error, type Q931Message } from './q931-message.js';

/** Identifiers of codeset 0 (Q.931 §4.5.1). */
export const elementIds = {
  bearerCapability: 0x04,
  cause: 0x08,
  callIdentity: 0x10,
  callState: 0x14,
  channelIdentification: 0x18,
  facility: 0x1c,
  progressIndicator: 0x1e,
  notificationIndicator: 0x27,
  display: 0x28,
  dateTime: 0x29,
  keypad: 0x2c,
  signal: 0x34,
  connectedNumber: 0x4c,
  callingPartyNumber: 0x6c,
  callingPartySubaddress: 0x6d,
  calledPartyNumber: 0x70,
  calledPartySubaddress: 0x71,
  redirectingNumber: 0x74,
  highLayerCompatibility: 0x7d,
  userUser: 0x7e,
  sendingComplete: 0xa1,
} as const;

export type ElementName = keyof typeof elementIds;

/** An element of codeset 0 with the content given. */
export function element(name: ElementName, content: Uint8Array | readonly number[] = []): InformationElement {
  return { codeset: 0, id: elementIds[name], content: content instanceof Uint8Array ? content : Uint8Array.from(content) };
}

/** The content of the first such element, as it came: also for what has no reader here, as date and time or subaddresses. */
export function contentOf(message: Q931Message, name: ElementName): Uint8Array | undefined {
  return findElement(message, elementIds[name])?.content;
}

/** One character an octet, from octet `from` on. */
export function latin1Of(content: Uint8Array, from = 0): string {
  return Buffer.from(content.buffer, content.byteOffset + from, Math.max(0, content.length - from)).toString('latin1');
}

/**
 * `head`, then the text, one octet a character.
 * @throws {Q931Error} a character beyond Latin-1.
 */
export function withText(head: readonly number[], text: string): Uint8Array {
  const content = new Uint8Array(head.length + text.length);
  content.set(head);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new Q931Error(`"${text}" holds a character that Q.931 cannot carry`);
    content[head.length + i] = code;
  }
  return content;
}
