/** The names of everything a store keeps in Redis. */
export interface Keys {
  readonly registrations: string;
  readonly counts: string;
  readonly deadlines: string;
  readonly changes: string;
  readonly version: string;
  readonly licences: string;
  readonly instances: string;
  readonly members: string;
  readonly calls: string;
  readonly callNames: string;
  readonly recorded: string;
  readonly recordedAt: string;
  readonly endpoints: string;
  readonly endpointDeadlines: string;
  readonly meetings: string;
  readonly meetingDeadlines: string;
  readonly meetingsEpoch: string;
  readonly meetingHolds: string;
  readonly meetingNodes: string;
  readonly meetingSwept: string;
  readonly meetingOrphans: string;
  readonly meetingNotes: string;
  readonly meetingNoteDeadlines: string;
  readonly hints: string;
  readonly secret: string;
  held(owner: string): string;
  callsOf(owner: string): string;
  wrongPins(digest: string): string;
}

/**
 * All names carry one hash tag, so that in a Cluster one node has all of a store: a step looks at registrations and counts together, and
 * Redis runs a script only over keys of one slot. Dividing them would divide the limits. One node is enough: it does some 50,000 steps a
 * second, and in a Cluster it is the replicas, not the other masters, that keep the store up.
 */
export function keysOf(prefix: string): Keys {
  const key = (name: string) => `{${prefix}}:${name}`;
  return {
    registrations: key('registrations'),
    counts: key('counts'),
    deadlines: key('deadlines'),
    changes: key('changes'),
    version: key('version'),
    licences: key('licences'),
    instances: key('instances'),
    members: key('members'),
    calls: key('calls'),
    callNames: key('call-names'),
    recorded: key('recorded'),
    recordedAt: key('recorded-at'),
    endpoints: key('endpoints'),
    endpointDeadlines: key('endpoint-deadlines'),
    meetings: key('meetings'),
    meetingDeadlines: key('meeting-deadlines'),
    meetingsEpoch: key('meetings-epoch'),
    meetingHolds: key('meeting-holds'),
    meetingNodes: key('meeting-nodes'),
    meetingSwept: key('meeting-swept'),
    meetingOrphans: key('meeting-orphans'),
    meetingNotes: key('meeting-notes'),
    meetingNoteDeadlines: key('meeting-note-deadlines'),
    hints: key('hints'),
    secret: key('secret'),
    held: (owner) => key(`held:${owner}`),
    callsOf: (owner) => key(`calls:${owner}`),
    wrongPins: (digest) => key(`wrong-pins:${digest}`),
  };
}
