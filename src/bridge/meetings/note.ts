import { z } from 'zod';
import type { MeetingNote } from './held-meeting.js';

const noteSchema = z.object({
  rooms: z.array(z.string().max(256)).max(1000),
  locked: z.boolean(),
  startedAt: z.number().optional(),
});

/** What the last holder left; undefined: nothing, or nothing that this version understands. */
export function readNote(value: string | undefined): MeetingNote | undefined {
  if (value === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    return undefined;
  }
  const { success, data } = noteSchema.safeParse(json);
  return success ? { ...data, startedAt: data.startedAt } : undefined;
}
