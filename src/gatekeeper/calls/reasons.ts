/**
 * Every way a call or registration can be refused or end: one list. The SIP status and Warning text, the H.323 reason, the metric's
 * `reason` label and the call record's field all come from here.
 */

/** H.225.0 ReleaseCompleteReason: those that carry no parameter. */
type ReleaseReason =
  | 'adaptiveBusy'
  | 'badFormatAddress'
  | 'calledPartyNotRegistered'
  | 'callerNotRegistered'
  | 'gatekeeperResources'
  | 'hopCountExceeded'
  | 'noBandwidth'
  | 'noPermission'
  | 'securityDenied'
  | 'undefinedReason'
  | 'unreachableDestination';

/** H.225.0 AdmissionRejectReason, the same. */
type AdmissionReason =
  | 'calledPartyNotRegistered'
  | 'callerNotRegistered'
  | 'incompleteAddress'
  | 'requestDenied'
  | 'resourceUnavailable'
  | 'securityDenial'
  | 'undefinedReason';

/** H.225.0 RegistrationRejectReason; `duplicateAlias` alone carries something: the aliases that are taken. */
type RegistrationReason =
  | 'discoveryRequired'
  | 'duplicateAlias'
  | 'fullRegistrationRequired'
  | 'invalidAlias'
  | 'invalidCallSignalAddress'
  | 'resourceUnavailable'
  | 'securityDenial'
  | 'undefinedReason';

/** H.225.0 LocationRejectReason. */
type LocationReason =
  | 'hopCountExceeded'
  | 'incompleteAddress'
  | 'invalidPermission'
  | 'notRegistered'
  | 'requestDenied'
  | 'resourceUnavailable'
  | 'securityDenial'
  | 'undefinedReason';

/** How a reason shows in H.323: in Release Complete, ARJ, RRJ and LRJ, and as a Q.850 cause. */
interface H323Reason {
  readonly release: ReleaseReason;
  readonly admission: AdmissionReason;
  readonly registration: RegistrationReason;
  readonly location: LocationReason;
  readonly q850: number;
}

export interface Refusal {
  /** Label of metrics, field of records. */
  readonly metric: string;
  readonly sip: {
    readonly status: number;
    readonly phrase: string;
    /** Text of the Warning header (RFC 3261 §20.43): what its reader can do. */
    readonly warning: string;
  };
  readonly h323: H323Reason;
}

export interface Ending {
  readonly metric: string;
  readonly text: string;
}

/** What RRJ and LRJ say is told by the ARJ's reason, where nothing else is written. */
type WrittenReason = Pick<H323Reason, 'release' | 'admission' | 'q850'> & Partial<H323Reason>;

const registrationOf = (admission: AdmissionReason): RegistrationReason =>
  admission === 'securityDenial' || admission === 'resourceUnavailable' ? admission : 'undefinedReason';

const locations: Readonly<Record<AdmissionReason, LocationReason>> = {
  calledPartyNotRegistered: 'notRegistered',
  callerNotRegistered: 'invalidPermission',
  incompleteAddress: 'incompleteAddress',
  requestDenied: 'requestDenied',
  resourceUnavailable: 'resourceUnavailable',
  securityDenial: 'securityDenial',
  undefinedReason: 'undefinedReason',
};

const refuse = (metric: string, status: number, phrase: string, warning: string, h323: WrittenReason): Refusal => ({
  metric,
  sip: { status, phrase, warning },
  h323: { registration: registrationOf(h323.admission), location: locations[h323.admission], ...h323 },
});

/** The gatekeeper said no, before or during set-up. */
export const refusals = {
  badRequest: refuse('bad_request', 400, 'Bad Request', 'The request could not be understood; see the reason phrase', {
    release: 'undefinedReason',
    admission: 'undefinedReason',
    q850: 111,
  }),
  addressUnreadable: refuse('address_unreadable', 400, 'Bad Address', 'Dial a number, name@domain or an H.323-ID', {
    release: 'badFormatAddress',
    admission: 'incompleteAddress',
    registration: 'invalidAlias',
    q850: 28,
  }),
  addressIncomplete: refuse('address_incomplete', 484, 'Address Incomplete', 'The number has too few or too many digits for its series', {
    release: 'badFormatAddress',
    admission: 'incompleteAddress',
    registration: 'invalidAlias',
    q850: 28,
  }),
  addressUnknown: refuse('address_unknown', 404, 'Not Found', 'No connected organisation has this number or domain', {
    release: 'unreachableDestination',
    admission: 'calledPartyNotRegistered',
    registration: 'invalidAlias',
    q850: 1,
  }),
  calleeNotRegistered: refuse(
    'callee_not_registered',
    480,
    'Temporarily Unavailable',
    'The address is right, but no endpoint is registered for it now',
    { release: 'calledPartyNotRegistered', admission: 'calledPartyNotRegistered', q850: 20 },
  ),
  calleeUnreachable: refuse(
    'callee_unreachable',
    480,
    'Temporarily Unavailable',
    'The endpoint is registered, but does not answer: check that it is on and its network works',
    { release: 'unreachableDestination', admission: 'calledPartyNotRegistered', q850: 20 },
  ),
  sipsUnreachable: refuse(
    'sips_unreachable',
    480,
    'Temporarily Unavailable',
    'A sips address was called, but no TLS leads to the called party: call its sip address, or let it register over TLS',
    { release: 'securityDenied', admission: 'securityDenial', q850: 20 },
  ),
  callUnknown: refuse('call_unknown', 481, 'Call/Transaction Does Not Exist', 'This call is over, or was never known here: hang up', {
    release: 'undefinedReason',
    admission: 'undefinedReason',
    q850: 101,
  }),
  uriSchemeUnsupported: refuse('uri_scheme_unsupported', 416, 'Unsupported URI Scheme', 'Use sip, sips, tel or h323', {
    release: 'badFormatAddress',
    admission: 'incompleteAddress',
    registration: 'invalidAlias',
    q850: 28,
  }),
  callerUnknown: refuse(
    'caller_unknown',
    403,
    'Forbidden',
    'This address belongs to no zone: register, or ask the operator to add your address or certificate to the plan',
    { release: 'noPermission', admission: 'callerNotRegistered', registration: 'securityDenial', location: 'invalidPermission', q850: 21 },
  ),
  callerIdentityForeign: refuse(
    'caller_identity_foreign',
    403,
    'Forbidden',
    'From must be an address of your own organisation: set the endpoint to its own number or name',
    { release: 'noPermission', admission: 'securityDenial', registration: 'securityDenial', location: 'invalidPermission', q850: 21 },
  ),
  aliasForeign: refuse('alias_foreign', 403, 'Forbidden', "Register only numbers and domains of your own organisation's series", {
    release: 'noPermission',
    admission: 'securityDenial',
    registration: 'invalidAlias',
    q850: 21,
  }),
  aliasTaken: refuse(
    'alias_taken',
    403,
    'Forbidden',
    'This alias is registered already, with another protocol or by another endpoint: unregister it there, or take another',
    { release: 'noPermission', admission: 'securityDenial', registration: 'duplicateAlias', q850: 21 },
  ),
  credentialsWrong: refuse(
    'credentials_wrong',
    403,
    'Forbidden',
    'The user name or password is wrong, or the address plan has no such user',
    { release: 'securityDenied', admission: 'securityDenial', q850: 21 },
  ),
  credentialsMissing: refuse(
    'credentials_missing',
    401,
    'Unauthorized',
    'A password is wanted, and none was proved: set a user name and password, with H.235.1, MD5 or CAT, on the endpoint',
    { release: 'securityDenied', admission: 'securityDenial', q850: 21 },
  ),
  clockWrong: refuse(
    'clock_wrong',
    403,
    'Forbidden',
    "The endpoint's clock is wrong, and with it the proof of its password: set its time server (NTP)",
    { release: 'securityDenied', admission: 'securityDenial', q850: 21 },
  ),
  endpointNotRegistered: refuse(
    'endpoint_not_registered',
    403,
    'Forbidden',
    "The endpoint's registration is over, or was never made: let it register again",
    { release: 'callerNotRegistered', admission: 'callerNotRegistered', registration: 'fullRegistrationRequired', q850: 21 },
  ),
  gatekeeperForeign: refuse(
    'gatekeeper_foreign',
    403,
    'Forbidden',
    "The endpoint asks for another gatekeeper: set its gatekeeper id to this one's (h323.gatekeeperId), or to none",
    { release: 'noPermission', admission: 'securityDenial', registration: 'discoveryRequired', q850: 21 },
  ),
  mediaNotEncrypted: refuse(
    'media_not_encrypted',
    488,
    'Not Acceptable Here',
    'Media must be encrypted: switch on SRTP or H.235 (AES-128 or better) on this endpoint',
    { release: 'securityDenied', admission: 'securityDenial', q850: 88 },
  ),
  keysInClear: refuse(
    'keys_in_clear',
    488,
    'Not Acceptable Here',
    'SRTP keys (SDES) must not travel in clear: use SIP over TLS on this endpoint, or DTLS-SRTP',
    { release: 'securityDenied', admission: 'securityDenial', q850: 88 },
  ),
  sessionUnreadable: refuse(
    'session_unreadable',
    400,
    'Bad Session Description',
    'The session description (SDP) cannot be read: look for an endpoint at fault, or something on the way that rewrites it',
    { release: 'undefinedReason', admission: 'undefinedReason', q850: 111 },
  ),
  mediaUnsupported: refuse(
    'media_unsupported',
    488,
    'Not Acceptable Here',
    'Nothing that was offered can be used in a meeting: switch on Opus, G.722 or G.711 for sound and H.264 for pictures',
    { release: 'undefinedReason', admission: 'requestDenied', q850: 88 },
  ),
  answerNotEncrypted: refuse(
    'answer_not_encrypted',
    488,
    'Not Acceptable Here',
    'The called party answered without encrypted media: it must switch on SRTP or H.235 (AES-128 or better)',
    { release: 'securityDenied', admission: 'securityDenial', q850: 88 },
  ),
  answerUnusable: refuse(
    'answer_unusable',
    502,
    'Bad Gateway',
    "The called party's answer names no dialog (To without a tag): its software is too old or at fault",
    { release: 'undefinedReason', admission: 'undefinedReason', q850: 111 },
  ),
  registrationAliasMissing: refuse(
    'registration_alias_missing',
    400,
    'Bad Request',
    'The registration names no number and no address: write at least one on the endpoint',
    { release: 'undefinedReason', admission: 'undefinedReason', registration: 'invalidAlias', q850: 96 },
  ),
  registrationAddressUnusable: refuse(
    'registration_address_unusable',
    400,
    'Bad Request',
    'The registration names no address for calls over TCP: switch on call signalling (H.225.0, port 1720) on the endpoint',
    { release: 'undefinedReason', admission: 'undefinedReason', registration: 'invalidCallSignalAddress', q850: 96 },
  ),
  registrationLicencesExhausted: refuse(
    'registration_licences_exhausted',
    403,
    'Registration Limit Reached',
    'All registration licences of this organisation or the service are in use: unregister one, or ask the operator for more',
    { release: 'gatekeeperResources', admission: 'resourceUnavailable', q850: 47 },
  ),
  registrationContactsExhausted: refuse(
    'registration_contacts_exhausted',
    403,
    'Contact Limit Reached',
    'This alias has ten contacts already: unregister one, or give this device an alias of its own',
    { release: 'gatekeeperResources', admission: 'resourceUnavailable', q850: 47 },
  ),
  registrationTooBrief: refuse(
    'registration_too_brief',
    423,
    'Interval Too Brief',
    'Register for at least as many seconds as Min-Expires says',
    { release: 'undefinedReason', admission: 'undefinedReason', q850: 102 },
  ),
  outboundUnsupportedByProxy: refuse(
    'outbound_unsupported_by_proxy',
    439,
    'First Hop Lacks Outbound Support',
    'The proxy before this gatekeeper knows no outbound (RFC 5626): register directly, or without reg-id',
    { release: 'undefinedReason', admission: 'undefinedReason', q850: 79 },
  ),
  registrationOutOfOrder: refuse(
    'registration_out_of_order',
    500,
    'Registration Out Of Order',
    'A newer REGISTER of the same Call-ID came before this one: raise CSeq with each',
    { release: 'undefinedReason', admission: 'undefinedReason', q850: 111 },
  ),
  callerLicencesExhausted: refuse(
    'caller_licences_exhausted',
    403,
    'Call Limit Reached',
    "All of your organisation's call licences are in use: try later, or ask the operator for more",
    { release: 'noBandwidth', admission: 'requestDenied', q850: 47 },
  ),
  calleeLicencesExhausted: refuse(
    'callee_licences_exhausted',
    486,
    'Busy Here',
    "All of the called organisation's call licences are in use: try later",
    { release: 'adaptiveBusy', admission: 'requestDenied', q850: 17 },
  ),
  totalLicencesExhausted: refuse(
    'total_licences_exhausted',
    503,
    'Service Unavailable',
    "All of the service's call licences are in use: try later",
    { release: 'noBandwidth', admission: 'resourceUnavailable', q850: 34 },
  ),
  bandwidthExhausted: refuse(
    'bandwidth_exhausted',
    403,
    'Bandwidth Limit Reached',
    "All of the zone's bandwidth is in use (bandwidth in the address plan): try later, or call with less",
    { release: 'noBandwidth', admission: 'requestDenied', location: 'resourceUnavailable', q850: 49 },
  ),
  internetOutboundOff: refuse(
    'internet_outbound_off',
    403,
    'Forbidden',
    'Calls to addresses outside the connected organisations are switched off (internet.outbound in the address plan)',
    { release: 'noPermission', admission: 'requestDenied', location: 'invalidPermission', q850: 21 },
  ),
  internetInboundOff: refuse(
    'internet_inbound_off',
    403,
    'Forbidden',
    'Calls from the Internet are switched off (internet.inbound in the address plan). An endpoint of the plan: write its own domain in From',
    { release: 'noPermission', admission: 'callerNotRegistered', registration: 'securityDenial', location: 'invalidPermission', q850: 21 },
  ),
  zoneUnreachable: refuse('zone_unreachable', 504, 'Server Time-out', "None of the called organisation's peers answers", {
    release: 'unreachableDestination',
    admission: 'resourceUnavailable',
    q850: 38,
  }),
  meetingsUnavailable: refuse('meetings_unavailable', 503, 'Service Unavailable', 'This gatekeeper has no meeting service', {
    release: 'unreachableDestination',
    admission: 'resourceUnavailable',
    q850: 38,
  }),
  meetingUnknown: refuse(
    'meeting_unknown',
    404,
    'Not Found',
    'There is no meeting of this number or name now: look at the invitation again',
    {
      release: 'unreachableDestination',
      admission: 'calledPartyNotRegistered',
      q850: 1,
    },
  ),
  meetingElsewhere: refuse('meeting_elsewhere', 503, 'Service Unavailable', 'Another instance holds this meeting: call again', {
    release: 'gatekeeperResources',
    admission: 'resourceUnavailable',
    q850: 41,
  }),
  meetingNotNow: refuse(
    'meeting_not_now',
    480,
    'Meeting Not Open',
    'The meeting has not begun, or is over: come at the time in the invitation',
    {
      release: 'calledPartyNotRegistered',
      admission: 'requestDenied',
      q850: 20,
    },
  ),
  meetingNotForYou: refuse(
    'meeting_not_for_you',
    403,
    'Forbidden',
    'The meeting takes only participants of connected organisations, or of its own: ask its host for a host link',
    { release: 'noPermission', admission: 'requestDenied', q850: 21 },
  ),
  meetingLocked: refuse(
    'meeting_locked',
    403,
    'Meeting Locked',
    'The host has locked the meeting: ask the host to open it or to call you in',
    {
      release: 'noPermission',
      admission: 'requestDenied',
      q850: 21,
    },
  ),
  meetingFull: refuse('meeting_full', 486, 'Meeting Full', 'As many participants as the meeting may have are in it: try later', {
    release: 'adaptiveBusy',
    admission: 'resourceUnavailable',
    q850: 17,
  }),
  portLicencesExhausted: refuse(
    'port_licences_exhausted',
    486,
    'Meeting Ports In Use',
    "All meeting ports of the meeting's organisation or of the service are in use: try later, or ask the operator for more",
    { release: 'adaptiveBusy', admission: 'resourceUnavailable', q850: 17 },
  ),
  pinWrong: refuse('pin_wrong', 403, 'Forbidden', 'The PIN is wrong: look at the invitation again', {
    release: 'noPermission',
    admission: 'securityDenial',
    q850: 21,
  }),
  pinLockedOut: refuse('pin_locked_out', 403, 'Too Many Wrong PINs', 'Too many wrong PINs came from here: wait, then try again', {
    release: 'noPermission',
    admission: 'securityDenial',
    q850: 21,
  }),
  mediaUnavailable: refuse(
    'media_unavailable',
    503,
    'Service Unavailable',
    'The meeting service cannot carry media now: try again in a moment',
    {
      release: 'gatekeeperResources',
      admission: 'resourceUnavailable',
      q850: 47,
    },
  ),
  interworkingUnavailable: refuse('interworking_unavailable', 488, 'Not Acceptable Here', 'The called party speaks only another protocol', {
    release: 'unreachableDestination',
    admission: 'resourceUnavailable',
    q850: 127,
  }),
  transformLoop: refuse('transform_loop', 482, 'Loop Detected', "The plan's transforms send this number in a circle: correct the plan", {
    release: 'unreachableDestination',
    admission: 'requestDenied',
    q850: 25,
  }),
  loopDetected: refuse('loop_detected', 482, 'Loop Detected', 'This request has been here before with the same address', {
    release: 'unreachableDestination',
    admission: 'requestDenied',
    q850: 25,
  }),
  tooManyHops: refuse(
    'too_many_hops',
    483,
    'Too Many Hops',
    'Max-Forwards or hopCount reached 0: look for a routing loop between gatekeepers',
    { release: 'hopCountExceeded', admission: 'requestDenied', location: 'hopCountExceeded', q850: 25 },
  ),
  extensionUnsupported: refuse('extension_unsupported', 420, 'Bad Extension', 'Proxy-Require names an extension that is not supported', {
    release: 'undefinedReason',
    admission: 'undefinedReason',
    q850: 79,
  }),
  overloaded: refuse('overloaded', 503, 'Service Unavailable', 'The service is at its capacity: try again later', {
    release: 'gatekeeperResources',
    admission: 'resourceUnavailable',
    q850: 42,
  }),
  instanceStopping: refuse(
    'instance_stopping',
    503,
    'Service Unavailable',
    'This instance is being stopped: use another, or call again in a moment',
    { release: 'gatekeeperResources', admission: 'resourceUnavailable', q850: 41 },
  ),
  internalError: refuse('internal_error', 500, 'Server Internal Error', 'A fault in the gatekeeper: give the operator the Call-ID', {
    release: 'undefinedReason',
    admission: 'undefinedReason',
    q850: 41,
  }),
} as const satisfies Record<string, Refusal>;

const end = (metric: string, text: string): Ending => ({ metric, text });

/** The call ended by what its parties, the network or time did. */
export const endings = {
  completed: end('completed', 'One party hung up'),
  callerCancelled: end('caller_cancelled', 'The caller gave up before an answer'),
  calleeBusy: end('callee_busy', 'The called party was busy (486, 600)'),
  calleeDeclined: end('callee_declined', 'The called party declined (603, 403)'),
  noAnswer: end('no_answer', 'Not answered: it rang in vain, or the endpoint said that it is not available (408, 480, 487)'),
  calleeRejectedMedia: end('callee_rejected_media', 'The called party could not use the media offered (415, 488, 606)'),
  calleeUnknownThere: end('callee_unknown_there', 'The called organisation does not know the address (404, 410, 484, 604)'),
  calleeRefused: end('callee_refused', 'The called party refused for another reason: see the status'),
  routesFailed: end('routes_failed', 'Every route was tried; none worked (timeout, connection failure, 5xx)'),
  sessionExpired: end('session_expired', 'The session timer ran out without a refresh (RFC 4028)'),
  partiesSilent: end('parties_silent', 'Both ends went silent: no answer to probes inside the call'),
  connectionLost: end('connection_lost', 'The signalling connection of one end broke, and no other took its place'),
  registrationEnded: end('registration_ended', 'An endpoint of the call unregistered, or was not there any more when it was asked'),
  ackMissing: end('ack_missing', 'The answer was never acknowledged'),
  encryptionLost: end('encryption_lost', 'A party answered or changed the call to media that is not encrypted'),
  expelled: end('expelled', 'A host or operator put the participant out of the meeting, or refused it in the lobby'),
  meetingEnded: end('meeting_ended', 'A host or operator ended the meeting, or its time was up'),
  mediaLost: end('media_lost', 'The media of this participant was lost, and could not be made anew'),
  instanceStopped: end('instance_stopped', 'The instance was stopped in an orderly way during the call'),
  instanceLost: end('instance_lost', 'The instance died during the call; the record was closed afterwards'),
} as const satisfies Record<string, Ending>;

export type RefusalCode = keyof typeof refusals;
export type EndingCode = keyof typeof endings;
/** The one enum of reasons: the `reason` field of call records, and through `metricOf` the metrics' label. */
export type ReasonCode = RefusalCode | EndingCode;

/** The whole list. */
export const reasonCodes: readonly ReasonCode[] = [...(Object.keys(refusals) as RefusalCode[]), ...(Object.keys(endings) as EndingCode[])];

export function isRefusal(code: ReasonCode): code is RefusalCode {
  return Object.hasOwn(refusals, code);
}

/** The `reason` label of metrics. */
export function metricOf(code: ReasonCode): string {
  return isRefusal(code) ? refusals[code].metric : endings[code].metric;
}
