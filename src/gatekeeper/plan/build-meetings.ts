import type { Path } from '../../config/yaml-source.js';
import type { E164, MeetingSeries, Organisation, PermanentMeeting } from './plan.js';
import type { PermanentMeetingSource, PlanSource } from './plan-schema.js';
import { entriesOf, type Report } from './report.js';

const MAX_PARTICIPANTS = 100;

/** The meeting series with its permanent meetings, checked: each in the series, its own number and name, of an organisation that there is. */
export function buildMeetings(
  source: PlanSource['meetings'],
  organisations: ReadonlyMap<string, Organisation>,
  report: Report,
): MeetingSeries {
  const { prefix, digits, domain } = source;
  const permanent = new Map<E164, PermanentMeeting>();
  const names = new Map<string, E164>();
  const places = new Map<string, Path>();
  for (const [index, written] of entriesOf(source.permanent)) {
    const path: Path = ['meetings', 'permanent', index];
    const id = numberOf(written.id, source);
    if (id === undefined) {
      wrongNumber(written.id, source, path, report);
      continue;
    }
    checkAlone(`the meeting ${id}`, [...path, 'id'], places, report);
    if (written.name !== undefined) checkAlone(`the meeting name '${written.name}'`, [...path, 'name'], places, report);
    checkOwner(written, organisations, path, report);
    checkPins(written, id, path, report);
    permanent.set(id, meetingOf(id, written));
    if (written.name !== undefined) names.set(written.name, id);
  }
  return { prefix, digits, domain, permanent, names };
}

function meetingOf(id: E164, written: PermanentMeetingSource): PermanentMeeting {
  return {
    id,
    kind: 'permanent',
    name: written.name,
    title: written.title,
    organisation: written.organisation,
    hostPin: written.hostPin,
    guestPin: written.guestPin,
    lobby: written.lobby ?? 'outsiders',
    admits: written.admits ?? 'everybody',
    maxParticipants: written.maxParticipants ?? MAX_PARTICIPANTS,
    maxMinutes: written.maxMinutes,
    from: undefined,
    until: undefined,
    roomSystems: written.roomSystems ?? true,
  };
}

function numberOf(written: string, { prefix, digits }: PlanSource['meetings']): E164 | undefined {
  if (written.length === digits) return `${prefix}${written}` as E164;
  return written.length === prefix.length + digits && written.startsWith(prefix) ? (written as E164) : undefined;
}

function wrongNumber(written: string, { prefix, digits }: PlanSource['meetings'], path: Path, report: Report): void {
  if (!report.complete) return;
  report.error(
    [...path, 'id'],
    `${written} is no number of the meeting series`,
    `write ${digits} digits, or ${prefix} and ${digits} more (quoted, when the first is 0)`,
  );
}

function checkAlone(what: string, path: Path, places: Map<string, Path>, report: Report): void {
  const earlier = places.get(what);
  if (earlier === undefined) places.set(what, path);
  else report.error(path, `${what} stands in the plan already (line ${report.line(earlier)})`, 'give this meeting another one');
}

function checkOwner(
  { organisation }: PermanentMeetingSource,
  organisations: ReadonlyMap<string, Organisation>,
  path: Path,
  report: Report,
): void {
  if (organisations.has(organisation) || !report.complete) return;
  const hint = `write one of ${[...organisations.keys()].join(', ')}`;
  report.error([...path, 'organisation'], `there is no organisation '${organisation}'`, hint);
}

function checkPins({ hostPin, guestPin, lobby }: PermanentMeetingSource, id: E164, path: Path, report: Report): void {
  if (hostPin !== undefined && hostPin === guestPin)
    report.error([...path, 'guestPin'], `the guests of the meeting ${id} have the PIN of its hosts`, 'give them one of their own, or none');
  if (hostPin === undefined && lobby === 'guests' && report.complete)
    report.warning(
      [...path, 'lobby'],
      `every guest of the meeting ${id} waits in the lobby, and nobody is host by a PIN`,
      "write 'hostPin:', unless its hosts come by host links",
    );
}
