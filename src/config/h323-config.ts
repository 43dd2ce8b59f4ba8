/** The H.323 gatekeeper (H.323 §7, H.225.0). */
export interface H323Config {
  /** False: nothing of it is opened. */
  readonly enabled: boolean;
  /** gatekeeperIdentifier: what endpoints may ask for by name, 1 to 128 characters. */
  readonly gatekeeperId: string;
  /** Where RAS is spoken (UDP). */
  readonly ras: readonly RasListener[];
  readonly discovery: {
    /** Whether to listen for GRQ to 224.0.1.41 (H.225.0 §7.2). */
    readonly multicast: boolean;
    readonly port: number;
  };
  /** Where Setup is taken. */
  readonly signalling: readonly SignallingListener[];
  /** Gatekeepers that endpoints may turn to when this one is gone; in GCF and RCF. */
  readonly alternates: readonly AlternateGatekeeper[];
  /** How long a registration lasts without a keep-alive. */
  readonly timeToLiveSeconds: {
    /** Less is lengthened. */
    readonly min: number;
    /** Where the endpoint asks for none. */
    readonly default: number;
    /** More is cut. */
    readonly max: number;
  };
  /** A registration whose time ran out is kept so much longer at most, while the endpoint is asked by IRQ whether it is there. */
  readonly graceSeconds: number;
  readonly irq: {
    /** IRQs that go unanswered before the registration ends. */
    readonly attempts: number;
    /** From one to the next. */
    readonly intervalMs: number;
  };
  readonly limits: H323Limits;
  readonly timers: H323Timers;
  readonly h245: {
    /** `pass`: endpoints open a separate H.245 channel between themselves. `route`: through us. */
    readonly mode: 'pass' | 'route';
    /** Ports for routed H.245 channels, both included. Absent: any free one. */
    readonly ports: { readonly from: number; readonly to: number } | undefined;
  };
  /** How neighbours are asked where an alias is (LRQ). */
  readonly lrq: {
    /** A neighbour that said nothing for so long, repetitions included, is left for the next route. */
    readonly timeoutMs: number;
    /** An answer is used again for so long; 0: never. */
    readonly cacheSeconds: number;
    /** How often an LRQ is sent again within `timeoutMs`. */
    readonly retries: number;
  };
  readonly password: {
    /** How far an endpoint's clock may be from ours, either way, where its password is proved by a token (H.235.1). */
    readonly windowSeconds: number;
  };
}

/** What H.323 tells others of an address: an IP literal always (TransportAddress has no names). */
export interface AdvertisedAddress {
  readonly host: string;
  readonly port: number | undefined;
}

export interface RasListener {
  /** An IP literal, without brackets. */
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** What endpoints are told instead of the address: for who reaches us behind NAT. Always there where `address` is 0.0.0.0 or `::`. */
  readonly advertised: AdvertisedAddress | undefined;
}

export interface SignallingListener extends RasListener {
  readonly transport: 'tcp' | 'tls';
}

export interface AlternateGatekeeper {
  readonly gatekeeperId: string;
  /** Its RAS address: an IP literal and a port. */
  readonly ras: { readonly host: string; readonly port: number };
  /** 0 to 127: the lowest is tried first (H.225.0 §7.7). */
  readonly priority: number;
}

/** What one source address may do, and how many connections there may be in all. What is above is dropped or closed, not answered. */
export interface H323Limits {
  /** RAS and call signalling each. */
  readonly messagesPerSecondPerSource: number;
  /** So many at once above the rate. */
  readonly burst: number;
  readonly connectionsPerSource: number;
  readonly connections: number;
  /** Longest message, TPKT header included. */
  readonly messageBytes: number;
  /** Calls on one call-signalling connection (H.323 §7.3.1). */
  readonly callsPerConnection: number;
  /** A connection without a call, on which nothing came for so long, is closed. */
  readonly idleSeconds: number;
  /** A connection must finish its TLS handshake, and a message that was begun, in so long. */
  readonly halfOpenSeconds: number;
}

/** Q.931 timers as H.225.0 §7.5 uses them, and ours. */
export interface H323Timers {
  /** T303: from Setup to the first answer. */
  readonly setupMs: number;
  /** T310: from CallProceeding to Alerting or Connect. */
  readonly establishmentSeconds: number;
  /** T301: from Alerting to Connect. */
  readonly alertingSeconds: number;
  /** A peer that said nothing at all for so long is left for the next route, while there is one. */
  readonly huntMs: number;
  /** To open a TCP or TLS connection. */
  readonly connectMs: number;
  /** From one empty TPKT to the next on a call-signalling connection that carries calls; 0: none. */
  readonly keepAliveSeconds: number;
}

/** Says what is wrong: where, what, and what to write instead. */
type Tell = (path: readonly (string | number)[], message: string, hint: string) => void;

/**
 * What the keys mean together. Pure.
 * @param complete nothing was left out because of its shape, so that a list without entries is empty in the file, too
 */
export function checkH323(config: H323Config, complete: boolean, error: Tell): void {
  if (!config.enabled) return;
  checkListeners(config, complete, error);
  checkTimes(config, error);
  const { limits, h245, alternates, ras } = config;
  if (limits.connectionsPerSource > limits.connections) {
    error(
      ['h323', 'limits', 'connectionsPerSource'],
      `one source may have more connections (${limits.connectionsPerSource}) than all together (${limits.connections})`,
      `write at most ${limits.connections}`,
    );
  }
  if (h245.ports !== undefined && h245.ports.from > h245.ports.to) {
    const { from, to } = h245.ports;
    error(['h323', 'h245', 'ports', 'from'], `the first port (${from}) comes after the last (${to})`, `write at most ${to}`);
  }
  const seen = new Map<string, number>();
  for (const [index, { ras: there }] of alternates.entries()) {
    const key = `${there.host} ${there.port}`;
    const earlier = seen.get(key);
    if (earlier !== undefined)
      error(['h323', 'alternates', index], `entry ${earlier + 1} is this gatekeeper already`, 'keep one of the two');
    else seen.set(key, index);
    const self = ras.some(({ address, port, advertised }) => {
      return (advertised?.host ?? address) === there.host && (advertised?.port ?? port) === there.port;
    });
    if (self)
      error(['h323', 'alternates', index, 'ras'], 'this is the service itself: it listens there', 'write the address of another one');
  }
}

function checkListeners({ ras, signalling }: H323Config, complete: boolean, error: Tell): void {
  const lists = [
    ['ras', ras, "'- { address: 127.0.0.1, port: 1719 }', or 'enabled: false'"],
    ['signalling', signalling, "'- { transport: tcp, address: 127.0.0.1, port: 1720 }', or 'enabled: false'"],
  ] as const;
  for (const [name, listeners, example] of lists) {
    if (complete && listeners.length === 0)
      error(['h323', name], 'the service would listen nowhere', `write at least one, for example ${example}`);
    for (const [index, { address, advertised }] of listeners.entries()) {
      if (!isAny(advertised?.host ?? address)) continue;
      error(
        ['h323', name, index],
        `endpoints are told an address to send to, and ${advertised?.host ?? address} is none`,
        "write 'advertised:' with the address that they reach this machine at, or that address alone",
      );
    }
  }
}

function checkTimes({ timeToLiveSeconds, graceSeconds, irq }: H323Config, error: Tell): void {
  const { min, default: usual, max } = timeToLiveSeconds;
  if (min > max) {
    error(
      ['h323', 'timeToLiveSeconds', 'min'],
      `the shortest registration (${min} s) is longer than the longest (${max} s)`,
      `write at most ${max}, or raise max`,
    );
  } else if (usual < min || usual > max) {
    error(
      ['h323', 'timeToLiveSeconds', 'default'],
      `${usual} s lies outside the shortest (${min} s) and longest (${max} s) registration`,
      `write a number from ${min} to ${max}`,
    );
  }
  const asking = (irq.attempts * irq.intervalMs) / 1000;
  if (asking > graceSeconds) {
    error(
      ['h323', 'graceSeconds'],
      `an endpoint is asked for ${asking} s whether it is there, and its registration is kept for ${graceSeconds} s only`,
      `write at least ${Math.ceil(asking)}, or less at 'irq'`,
    );
  }
}

/** 0.0.0.0 and `::` in any writing. */
function isAny(address: string): boolean {
  return /^[0:.]+$/.test(address);
}
