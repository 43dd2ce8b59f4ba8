import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { EpochMs } from '../../clock.js';
import type { Plan } from '../../gatekeeper/plan/plan.js';
import type { MeetingStore } from '../../state/meeting-store.js';
import type { MeetingId } from '../media/media.js';
import type { MeetingDefinition } from './meeting.js';

const pin = z.string().regex(/^\d{4,12}$/);

/** An ad hoc meeting that nobody is in is forgotten after so long. */
export const ADHOC_MS = 24 * 60 * 60_000;

/** A definition as it stands in the shared store. Another version of the service may have written it. */
const storedSchema = z.object({
  id: z.string(),
  kind: z.enum(['scheduled', 'adhoc']),
  title: z.string(),
  organisation: z.string(),
  hostPin: pin.optional(),
  guestPin: pin.optional(),
  lobby: z.enum(['off', 'outsiders', 'guests']),
  admits: z.enum(['everybody', 'connected', 'organisation']),
  maxParticipants: z.int().positive(),
  maxMinutes: z.int().positive().optional(),
  from: z.number().optional(),
  until: z.number().optional(),
  roomSystems: z.boolean(),
  linkSeed: z.string().optional(),
});

/** What is known of meetings before anybody is in them: those of the plan, and those made through the API. */
export class Definitions {
  readonly #plan: () => Plan;
  readonly #store: MeetingStore;

  constructor(plan: () => Plan, store: MeetingStore) {
    this.#plan = plan;
    this.#store = store;
  }

  /** @param text as somebody dialled or typed it: a number in any writing, a name, or an address. */
  async find(text: string): Promise<MeetingDefinition | undefined> {
    const { meetings, networkPrefix } = this.#plan();
    const id = meetingIdOf(text, { ...meetings, networkPrefix });
    const permanent = permanentOf(meetings.permanent, id) ?? permanentOf(meetings.permanent, meetings.names.get(id) ?? '');
    if (permanent) return permanent;
    const stored = await this.#store.read(id);
    return stored === undefined ? undefined : parse(stored);
  }

  /** Permanent ones first, in the plan's order. */
  async all(): Promise<MeetingDefinition[]> {
    const made = await this.#store.list();
    return [
      ...this.#plan().meetings.permanent.values(),
      ...made.map(({ value }) => parse(value)).filter((definition) => definition !== undefined),
    ];
  }

  /** Under a number of the meeting series that is free, chosen at random. `full`: none was found. `away`: the shared store does not answer. */
  async create(
    make: (id: MeetingId) => MeetingDefinition,
    until: EpochMs,
    random: (below: number) => number,
  ): Promise<MeetingDefinition | 'full' | 'away'> {
    const { prefix, digits, permanent } = this.#plan().meetings;
    for (let tries = 0; tries < 50; tries += 1) {
      let id: string = prefix;
      for (let i = 0; i < digits; i += 1) id += random(10);
      if (permanentOf(permanent, id)) continue;
      const definition = { ...make(id), linkSeed: randomBytes(9).toString('base64url') };
      const created = await this.#store.create(id, JSON.stringify(definition), until);
      if (created === 'away') return 'away';
      if (created) return definition;
    }
    return 'full';
  }

  /** An ad hoc meeting that somebody is in is not forgotten yet. */
  async extend(definition: MeetingDefinition, now: EpochMs): Promise<void> {
    if (definition.kind === 'adhoc') await this.#store.update(definition.id, JSON.stringify(definition), now + ADHOC_MS);
  }

  async remove(id: MeetingId): Promise<boolean | 'away'> {
    return this.#store.remove(id);
  }
}

function permanentOf(permanent: ReadonlyMap<string, MeetingDefinition>, id: string): MeetingDefinition | undefined {
  return permanent.get(id);
}

function parse(value: string): MeetingDefinition | undefined {
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    return undefined;
  }
  const { success, data } = storedSchema.safeParse(json);
  if (!success) return undefined;
  return {
    ...data,
    hostPin: data.hostPin,
    guestPin: data.guestPin,
    maxMinutes: data.maxMinutes,
    from: data.from,
    until: data.until,
  };
}

interface Numbering {
  readonly prefix: string;
  readonly digits: number;
  readonly domain: string;
  readonly networkPrefix: string;
}

/**
 * The name a meeting is known by: digits in international form, or a name in lower case. People type what stands in the invitation:
 * `+46 900 12 345`, `0900-12345`, the last digits alone, `teamet@mote.example`.
 */
export function meetingIdOf(text: string, { prefix, digits, domain, networkPrefix }: Numbering): MeetingId {
  const name = text
    .trim()
    .toLowerCase()
    .replace(/^sips?:/, '');
  const user = name.endsWith(`@${domain}`) ? name.slice(0, -domain.length - 1) : name;
  if (!/^\+?[\d\s().-]+$/.test(user)) return user;
  const number = user.replace(/\D/g, '');
  if (number.startsWith('00')) return number.slice(2);
  if (user.startsWith('+') || number.startsWith(prefix)) return number;
  if (number.length === digits) return prefix + number;
  return number.startsWith('0') ? networkPrefix + number.slice(1) : number;
}
