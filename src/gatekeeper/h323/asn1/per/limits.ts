/** X.691 §11.9.3.8: what is longer than this goes in fragments of one to four times as much. */
export const FRAGMENT = 16_384;

/** X.691 §11.9.3.3: an upper bound from here on is none as far as the encoding goes. */
export const UNBOUNDED = 65_536;

/** How deep sequences, choices and lists may lie in each other. The Recommendations need some 25; a type that contains itself has no end. */
export const MAX_DEPTH = 64;

/** How many elements all the lists of one value may have together: an element may take no bits at all, so the bytes do not bound them. */
export const MAX_ELEMENTS = 100_000;

/** The longest input that is looked at, and the longest encoding that is made, in octets: TPKT carries a quarter of it (RFC 1006 §6). */
export const MAX_INPUT = 262_144;
