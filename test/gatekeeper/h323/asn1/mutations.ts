/** Octets that mean something to PER: lengths at their edges, fragments, extension bits, and nothing. */
const hostile = [0x00, 0x01, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc4, 0xc5, 0xff];

/** One to six changes of a message: cut, left out, repeated, moved, a bit turned over, an octet put in or changed. */
export function mutate(message: Uint8Array, next: () => number): Uint8Array {
  const below = (limit: number): number => Math.floor(next() * limit);
  let octets = [...message];
  for (let changes = 1 + below(6); changes > 0; changes--) {
    const from = below(octets.length + 1);
    const some = octets.slice(from, from + below(24));
    switch (below(8)) {
      case 0:
        octets = octets.slice(0, from);
        break;
      case 1:
        octets.splice(from, some.length);
        break;
      case 2:
        octets.splice(from, 0, ...some, ...some);
        break;
      case 3:
        octets.splice(below(octets.length + 1), 0, ...some);
        break;
      case 4:
        octets.splice(from, 0, hostile[below(hostile.length)] ?? 0);
        break;
      case 5:
        octets[from] = hostile[below(hostile.length)] ?? 0;
        break;
      default:
        octets[from] = (octets[from] ?? 0) ^ (1 << below(8));
    }
  }
  return Uint8Array.from(octets);
}

/** Bytes without any plan. */
export function noise(next: () => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => Math.floor(next() * 256));
}
