import { z } from 'zod';
import type { EpochMs } from '../../../clock.js';
import type { SipTransport, ZoneId } from '../../plan/plan.js';
import type { DialogSide } from './dialog.js';
import type { CallSession } from './session.js';

/** One party, as another instance must know it to carry the call on. Texts are byte strings. */
export interface StoredSide {
  readonly zone: ZoneId;
  /** Its From or To value with its tag. */
  readonly address: string;
  readonly tag: string;
  /** Its Contact URI. */
  readonly contact: string;
  /** The proxies between us and it, nearest first. */
  readonly routes: readonly string[];
  readonly flow: { readonly transport: SipTransport; readonly address: string; readonly port: number; readonly id: string };
  /** The highest CSeq number that it was told of; those that came after are fewer than `unseenCSeqs`. */
  readonly cseq: number;
  /** What it is registered as. */
  readonly alias?: string | undefined;
}

/** The dialog of an answered call. What is not needed to carry it on is not in it. */
export interface StoredDialog {
  readonly callId: string;
  readonly caller: StoredSide;
  readonly callee: StoredSide;
  /** The INVITE had no session description: the ACK's says what the media are protected by. */
  readonly delayedOffer: boolean;
  readonly acknowledged: boolean;
  readonly answeredAt: EpochMs;
  /** Without a session timer: absent. */
  readonly refreshBy?: EpochMs | undefined;
}

/**
 * A party's requests that change nothing but its CSeq number are told of only when so many have gone by. Our own request in its name leaves a
 * gap as wide: numbers need only rise (RFC 3261 §12.2.1.1).
 */
export const unseenCSeqs = 1000;

const schema = 1;

const text = z.string();
const side = z.object({
  zone: text,
  address: text,
  tag: text,
  contact: text,
  routes: z.array(text),
  flow: z.object({ transport: z.enum(['udp', 'tcp', 'tls']), address: text, port: z.number(), id: text }),
  cseq: z.number(),
  alias: text.optional(),
});
/** What a later version adds is left out; what it takes away or means otherwise makes it unreadable. */
const reader = z.object({
  schema: z.number().min(1),
  callId: text,
  caller: side,
  callee: side,
  delayedOffer: z.boolean(),
  acknowledged: z.boolean(),
  answeredAt: z.number(),
  refreshBy: z.number().optional(),
});

/** The session's dialog for `Call.carry`; undefined before the answer. */
export function writeDialog(session: CallSession): string | undefined {
  const { dialog, answeredAt } = session;
  if (!dialog || answeredAt === undefined) return undefined;
  const stored: StoredDialog & { schema: number } = {
    schema,
    callId: session.callId,
    caller: storedSide(dialog.caller),
    callee: storedSide(dialog.callee),
    delayedOffer: session.offer === undefined,
    acknowledged: session.acknowledged,
    answeredAt,
    refreshBy: session.refreshBy,
  };
  return JSON.stringify(stored);
}

function storedSide({ zone, address, tag, contact, routeSet, flow, cseq, alias }: DialogSide): StoredSide {
  const { transport, remote, id } = flow;
  const way = { transport, address: remote.address, port: remote.port, id };
  return { zone: zone.id, address, tag, contact, routes: routeSet, flow: way, cseq, alias };
}

/** Undefined: it is not one that this version can read. Never throws. */
export function readDialog(json: string): StoredDialog | undefined {
  try {
    return reader.safeParse(JSON.parse(json)).data;
  } catch {
    // Not JSON, so not ours: told by undefined, as everything else that cannot be read.
    return undefined;
  }
}
