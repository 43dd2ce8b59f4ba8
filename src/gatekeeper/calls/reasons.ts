/**
 * Every way a call or registration can be refused or end: one list. The SIP status and Warning text, the H.323 reason, the metric's
 * `reason` label and the call record's field all come from here.
 */

/** How a reason shows in H.323: H.225.0 ReleaseCompleteReason, AdmissionRejectReason, and the Q.850 cause. */
interface H323Reason {
  readonly release: string;
  readonly admission: string;
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

const refuse = (
  metric: string,
  status: number,
  phrase: string,
  warning: string,
  release: string,
  admission: string,
  q850: number,
): Refusal => ({ metric, sip: { status, phrase, warning }, h323: { release, admission, q850 } });

/** The gatekeeper said no, before or during set-up. */
export const refusals = {
  badRequest: refuse(
    'bad_request',
    400,
    'Bad Request',
    'The request could not be understood; see the reason phrase',
    'undefinedReason',
    'undefinedReason',
    111,
  ),
  addressUnreadable: refuse(
    'address_unreadable',
    400,
    'Bad Address',
    'Dial a number, name@domain or an H.323-ID',
    'badFormatAddress',
    'incompleteAddress',
    28,
  ),
  addressIncomplete: refuse(
    'address_incomplete',
    484,
    'Address Incomplete',
    'The number has too few or too many digits for its series',
    'badFormatAddress',
    'incompleteAddress',
    28,
  ),
  addressUnknown: refuse(
    'address_unknown',
    404,
    'Not Found',
    'No connected organisation has this number or domain',
    'unreachableDestination',
    'calledPartyNotRegistered',
    1,
  ),
  calleeNotRegistered: refuse(
    'callee_not_registered',
    480,
    'Temporarily Unavailable',
    'The address is right, but no endpoint is registered for it now',
    'calledPartyNotRegistered',
    'calledPartyNotRegistered',
    20,
  ),
  calleeUnreachable: refuse(
    'callee_unreachable',
    480,
    'Temporarily Unavailable',
    'The endpoint is registered, but does not answer: check that it is on and its network works',
    'unreachableDestination',
    'calledPartyNotRegistered',
    20,
  ),
  sipsUnreachable: refuse(
    'sips_unreachable',
    480,
    'Temporarily Unavailable',
    'A sips address was called, but no TLS leads to the called party: call its sip address, or let it register over TLS',
    'securityDenied',
    'securityDenial',
    20,
  ),
  callUnknown: refuse(
    'call_unknown',
    481,
    'Call/Transaction Does Not Exist',
    'This call is over, or was never known here: hang up',
    'undefinedReason',
    'undefinedReason',
    101,
  ),
  uriSchemeUnsupported: refuse(
    'uri_scheme_unsupported',
    416,
    'Unsupported URI Scheme',
    'Use sip, sips, tel or h323',
    'badFormatAddress',
    'incompleteAddress',
    28,
  ),
  callerUnknown: refuse(
    'caller_unknown',
    403,
    'Forbidden',
    'This address belongs to no zone: register, or ask the operator to add your address or certificate to the plan',
    'noPermission',
    'callerNotRegistered',
    21,
  ),
  callerIdentityForeign: refuse(
    'caller_identity_foreign',
    403,
    'Forbidden',
    'From must be an address of your own organisation: set the endpoint to its own number or name',
    'noPermission',
    'securityDenial',
    21,
  ),
  aliasForeign: refuse(
    'alias_foreign',
    403,
    'Forbidden',
    "Register only numbers and domains of your own organisation's series",
    'noPermission',
    'securityDenial',
    21,
  ),
  aliasTaken: refuse(
    'alias_taken',
    403,
    'Forbidden',
    'This alias is registered already with another protocol',
    'noPermission',
    'securityDenial',
    21,
  ),
  credentialsWrong: refuse(
    'credentials_wrong',
    403,
    'Forbidden',
    'The user name or password is wrong, or the address plan has no such user',
    'securityDenied',
    'securityDenial',
    21,
  ),
  mediaNotEncrypted: refuse(
    'media_not_encrypted',
    488,
    'Not Acceptable Here',
    'Media must be encrypted: switch on SRTP (AES-128 or better) on this endpoint',
    'securityDenied',
    'securityDenial',
    88,
  ),
  keysInClear: refuse(
    'keys_in_clear',
    488,
    'Not Acceptable Here',
    'SRTP keys (SDES) must not travel in clear: use SIP over TLS on this endpoint, or DTLS-SRTP',
    'securityDenied',
    'securityDenial',
    88,
  ),
  answerNotEncrypted: refuse(
    'answer_not_encrypted',
    488,
    'Not Acceptable Here',
    'The called party answered without encrypted media: it must switch on SRTP (AES-128 or better)',
    'securityDenied',
    'securityDenial',
    88,
  ),
  answerUnusable: refuse(
    'answer_unusable',
    502,
    'Bad Gateway',
    "The called party's answer names no dialog (To without a tag): its software is too old or at fault",
    'undefinedReason',
    'undefinedReason',
    111,
  ),
  registrationLicencesExhausted: refuse(
    'registration_licences_exhausted',
    403,
    'Registration Limit Reached',
    'All registration licences of this organisation or the service are in use: unregister one, or ask the operator for more',
    'gatekeeperResources',
    'resourceUnavailable',
    47,
  ),
  registrationContactsExhausted: refuse(
    'registration_contacts_exhausted',
    403,
    'Contact Limit Reached',
    'This alias has ten contacts already: unregister one, or give this device an alias of its own',
    'gatekeeperResources',
    'resourceUnavailable',
    47,
  ),
  registrationTooBrief: refuse(
    'registration_too_brief',
    423,
    'Interval Too Brief',
    'Register for at least as many seconds as Min-Expires says',
    'undefinedReason',
    'undefinedReason',
    102,
  ),
  outboundUnsupportedByProxy: refuse(
    'outbound_unsupported_by_proxy',
    439,
    'First Hop Lacks Outbound Support',
    'The proxy before this gatekeeper knows no outbound (RFC 5626): register directly, or without reg-id',
    'undefinedReason',
    'undefinedReason',
    79,
  ),
  registrationOutOfOrder: refuse(
    'registration_out_of_order',
    500,
    'Registration Out Of Order',
    'A newer REGISTER of the same Call-ID came before this one: raise CSeq with each',
    'undefinedReason',
    'undefinedReason',
    111,
  ),
  callerLicencesExhausted: refuse(
    'caller_licences_exhausted',
    403,
    'Call Limit Reached',
    "All of your organisation's call licences are in use: try later, or ask the operator for more",
    'noBandwidth',
    'requestDenied',
    47,
  ),
  calleeLicencesExhausted: refuse(
    'callee_licences_exhausted',
    486,
    'Busy Here',
    "All of the called organisation's call licences are in use: try later",
    'adaptiveBusy',
    'requestDenied',
    17,
  ),
  totalLicencesExhausted: refuse(
    'total_licences_exhausted',
    503,
    'Service Unavailable',
    "All of the service's call licences are in use: try later",
    'noBandwidth',
    'resourceUnavailable',
    34,
  ),
  internetOutboundOff: refuse(
    'internet_outbound_off',
    403,
    'Forbidden',
    'Calls to addresses outside the connected organisations are switched off (internet.outbound in the address plan)',
    'noPermission',
    'routeCallToGatekeeper',
    21,
  ),
  internetInboundOff: refuse(
    'internet_inbound_off',
    403,
    'Forbidden',
    'Calls from the Internet are switched off (internet.inbound in the address plan). An endpoint of the plan: write its own domain in From',
    'noPermission',
    'callerNotRegistered',
    21,
  ),
  zoneUnreachable: refuse(
    'zone_unreachable',
    504,
    'Server Time-out',
    "None of the called organisation's peers answers",
    'unreachableDestination',
    'resourceUnavailable',
    38,
  ),
  meetingsUnavailable: refuse(
    'meetings_unavailable',
    503,
    'Service Unavailable',
    'This gatekeeper has no meeting service',
    'unreachableDestination',
    'resourceUnavailable',
    38,
  ),
  interworkingUnavailable: refuse(
    'interworking_unavailable',
    488,
    'Not Acceptable Here',
    'The called party speaks only another protocol',
    'unreachableDestination',
    'resourceUnavailable',
    127,
  ),
  transformLoop: refuse(
    'transform_loop',
    482,
    'Loop Detected',
    "The plan's transforms send this number in a circle: correct the plan",
    'unreachableDestination',
    'requestDenied',
    25,
  ),
  loopDetected: refuse(
    'loop_detected',
    482,
    'Loop Detected',
    'This request has been here before with the same address',
    'unreachableDestination',
    'requestDenied',
    25,
  ),
  tooManyHops: refuse(
    'too_many_hops',
    483,
    'Too Many Hops',
    'Max-Forwards reached 0: look for a routing loop between gatekeepers',
    'unreachableDestination',
    'requestDenied',
    25,
  ),
  extensionUnsupported: refuse(
    'extension_unsupported',
    420,
    'Bad Extension',
    'Proxy-Require names an extension that is not supported',
    'undefinedReason',
    'undefinedReason',
    79,
  ),
  overloaded: refuse(
    'overloaded',
    503,
    'Service Unavailable',
    'The service is at its capacity: try again later',
    'gatekeeperResources',
    'resourceUnavailable',
    42,
  ),
  instanceStopping: refuse(
    'instance_stopping',
    503,
    'Service Unavailable',
    'This instance is being stopped: use another, or call again in a moment',
    'gatekeeperResources',
    'resourceUnavailable',
    41,
  ),
  internalError: refuse(
    'internal_error',
    500,
    'Server Internal Error',
    'A fault in the gatekeeper: give the operator the Call-ID',
    'undefinedReason',
    'undefinedReason',
    41,
  ),
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
  ackMissing: end('ack_missing', 'The answer was never acknowledged'),
  encryptionLost: end('encryption_lost', 'A party answered or changed the call to media that is not encrypted'),
  instanceStopped: end('instance_stopped', 'The instance was stopped in an orderly way during the call'),
  instanceLost: end('instance_lost', 'The instance died during the call; the record was closed afterwards'),
} as const satisfies Record<string, Ending>;

export type RefusalCode = keyof typeof refusals;
export type EndingCode = keyof typeof endings;
/** The one enum of reasons: the `reason` field of call records, and through `metricOf` the metrics' label. */
export type ReasonCode = RefusalCode | EndingCode;

export function isRefusal(code: ReasonCode): code is RefusalCode {
  return Object.hasOwn(refusals, code);
}

/** The `reason` label of metrics. */
export function metricOf(code: ReasonCode): string {
  return isRefusal(code) ? refusals[code].metric : endings[code].metric;
}
