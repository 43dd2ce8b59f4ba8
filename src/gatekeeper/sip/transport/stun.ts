import { isIPv4 } from 'node:net';
import type { SocketAddress } from '../../net/address.js';

/** RFC 8489 §5: in every STUN message, at octet 4. */
const MAGIC_COOKIE = 0x2112a442;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const XOR_MAPPED_ADDRESS = 0x0020;
const HEADER_BYTES = 20;

/** Whether a datagram is STUN rather than SIP: two zero bits first, and the magic cookie (RFC 5626 §8, RFC 8489 §5). */
export function isStun(datagram: Buffer): boolean {
  return datagram.length >= HEADER_BYTES && ((datagram[0] ?? 0xff) & 0xc0) === 0 && datagram.readUInt32BE(4) === MAGIC_COOKIE;
}

/**
 * The answer to a STUN keep-alive on the SIP port (RFC 5626 §4.4.2, §8): a binding success with XOR-MAPPED-ADDRESS (RFC 8489 §14.2) and
 * nothing else. The endpoint learns that its flow lives and whether its NAT gave it a new address. Undefined: not a binding request.
 */
export function stunAnswer(datagram: Buffer, from: SocketAddress): Buffer | undefined {
  if (!isStun(datagram) || datagram.readUInt16BE(0) !== BINDING_REQUEST) return undefined;
  if (datagram.readUInt16BE(2) !== datagram.length - HEADER_BYTES) return undefined;
  const address = addressBytes(from.address);
  if (!address) return undefined;
  const answer = Buffer.alloc(HEADER_BYTES + 8 + address.length);
  answer.writeUInt16BE(BINDING_SUCCESS, 0);
  answer.writeUInt16BE(8 + address.length, 2);
  datagram.copy(answer, 4, 4, HEADER_BYTES);
  answer.writeUInt16BE(XOR_MAPPED_ADDRESS, 20);
  answer.writeUInt16BE(4 + address.length, 22);
  answer.writeUInt8(address.length === 4 ? 0x01 : 0x02, 25);
  answer.writeUInt16BE(from.port ^ (MAGIC_COOKIE >>> 16), 26);
  // The mask is the cookie and then the transaction id, as they stand in the header.
  address.forEach((byte, i) => {
    answer.writeUInt8(byte ^ datagram.readUInt8(4 + i), 28 + i);
  });
  return answer;
}

/** An IP literal as 4 or 16 bytes. */
function addressBytes(address: string): number[] | undefined {
  if (isIPv4(address)) return address.split('.').map(Number);
  const plain = address.replace(/%.*$/, '');
  const [head = '', tail] = plain.split('::');
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const all = [...before, ...new Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0), ...after];
  if (all.length !== 8 || all.some((group) => !(group >= 0 && group <= 0xffff))) return undefined;
  return all.flatMap((group) => [group >> 8, group & 0xff]);
}
