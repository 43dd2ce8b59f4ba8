/**
 * What an RTP payload of H.264 holds (RFC 6184). Packetization modes 0 and 1: single NAL units, STAP-A and FU-A; the other types belong to
 * the interleaved mode, which nobody offers us.
 */

/** nal_unit_type: H.264 table 7-1, and RFC 6184 table 1 from 24 on. */
export const nalType = { slice: 1, idr: 5, sei: 6, sps: 7, pps: 8, stapA: 24, fuA: 28 } as const;

/** Bits that `inspect` answers with. */
export const holds = {
  /** A sequence parameter set, whole or its first fragment. */
  sps: 1,
  pps: 2,
  /** The first slice of an IDR picture: the beginning of a key frame, where its parameter sets are known. */
  idrStart: 4,
  /** Some other part of an IDR picture. */
  idrPart: 8,
  /** Part of any other picture. */
  slice: 16,
  /** Supplemental information, delimiters and the like. */
  other: 32,
} as const;

/** Which of `holds` are in `bytes[start, end)`. 0: nothing that H.264 in mode 0 or 1 knows, as garbage or another codec. */
export function inspect(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return 0;
  const header = bytes[start] ?? 0;
  // forbidden_zero_bit: H.264 §7.4.1.
  if (header & 0x80) return 0;
  const type = header & 0x1f;
  if (type === nalType.fuA) return inspectFragment(bytes, start, end);
  if (type === nalType.stapA) return inspectAggregate(bytes, start, end);
  return type >= 1 && type <= 23 ? kindOf(type, bytes[start + 1] ?? 0) : 0;
}

function kindOf(type: number, next: number): number {
  switch (type) {
    case nalType.sps:
      return holds.sps;
    case nalType.pps:
      return holds.pps;
    case nalType.idr:
      // first_mb_in_slice is the first thing in a slice header (§7.3.3): as ue(v), 0 is the one bit 1.
      return next & 0x80 ? holds.idrStart : holds.idrPart;
    default:
      return type < nalType.idr ? holds.slice : holds.other;
  }
}

/** RFC 6184 §5.8. */
function inspectFragment(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 3) return 0;
  const header = bytes[start + 1] ?? 0;
  const type = header & 0x1f;
  if (type === 0 || type > 23) return 0;
  if (header & 0x80) return kindOf(type, bytes[start + 2] ?? 0);
  return type === nalType.idr ? holds.idrPart : type < nalType.idr ? holds.slice : holds.other;
}

/** RFC 6184 §5.7.1. An aggregate that does not come out even counts as garbage whole. */
function inspectAggregate(bytes: Uint8Array, start: number, end: number): number {
  let found = 0;
  for (let at = start + 1; at < end; ) {
    const unit = aggregatedUnit(bytes, at, end);
    if (unit === 0) return 0;
    const header = bytes[at + 2] ?? 0;
    const type = header & 0x1f;
    if (header & 0x80 || type === 0 || type > 23) return 0;
    found |= kindOf(type, unit > 1 ? (bytes[at + 3] ?? 0) : 0);
    at += 2 + unit;
  }
  return found;
}

/** Bytes of the NAL unit whose 16-bit length stands at `at`; 0: it is empty or runs over the end. */
function aggregatedUnit(bytes: Uint8Array, at: number, end: number): number {
  if (at + 3 > end) return 0;
  const size = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  return at + 2 + size <= end ? size : 0;
}

/** Calls `unit` for each whole NAL unit in the payload: the single one, or those of a STAP-A up to the first that is broken. */
export function eachUnit(bytes: Uint8Array, start: number, end: number, unit: (from: number, to: number) => void): void {
  const type = (bytes[start] ?? 0) & 0x1f;
  if (type >= 1 && type <= 23) unit(start, end);
  if (type !== nalType.stapA) return;
  for (let at = start + 1; at < end; ) {
    const size = aggregatedUnit(bytes, at, end);
    if (size === 0) return;
    unit(at + 2, at + 2 + size);
    at += 2 + size;
  }
}
