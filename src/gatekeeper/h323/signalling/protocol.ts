/** H.225.0 version 7 (§7, protocolIdentifier): the version whose messages we know in full. */
export const protocolIdentifier = '0.0.8.2250.0.7';

/** RFC 3508, IANA: call signalling, and call signalling over TLS (H.460.22 §7). */
export const CALL_SIGNALLING_PORT = 1720;
