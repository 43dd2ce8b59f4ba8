/** A callIdentifier or conferenceID (16 octets) as 32 hex digits: how it is looked up, logged and recorded. */
export function hexOf(identifier: Uint8Array): string {
  return Buffer.from(identifier.buffer, identifier.byteOffset, identifier.byteLength).toString('hex');
}
