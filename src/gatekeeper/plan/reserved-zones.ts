import { meetingsZoneId } from './meetings-zone.js';
import type { ZoneId } from './plan.js';

/** Everybody whom no other zone knows. */
export const INTERNET: ZoneId = 'internet';
/** In call records: who takes part in a meeting by a web page. */
export const browserZoneId: ZoneId = 'browser';

/** Zone ids that no zone of an organisation may have, and whose they are. */
export const reservedZones: ReadonlyMap<ZoneId, string> = new Map([
  [INTERNET, 'the zone for everybody else'],
  [meetingsZoneId, 'the meeting service'],
  [browserZoneId, 'those who take part in a meeting by a web page'],
]);
