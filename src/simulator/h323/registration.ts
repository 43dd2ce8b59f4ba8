import type { Clock, EpochMs, Timer } from '../../clock.js';
import { type AliasAddress, type AlternateGK, type RasMessage, rasMessage } from '../../gatekeeper/h323/asn1/h225.js';
import { addressText, type SocketAddress, sameAddress, socketAddress, transportAddress } from './addresses.js';
import type { Credentials, Tokens } from './credentials.js';
import { H225_VERSION, type Identity, tlsAddressOf, tlsFeature } from './identity.js';
import type { RasAnswer, RasClient } from './ras-client.js';

type RegistrationRequest = Extract<RasMessage, { type: 'registrationRequest' }>['value'];
type RegistrationConfirm = Extract<RasMessage, { type: 'registrationConfirm' }>['value'];

/**
 * `reason`: of GatekeeperRejectReason or RegistrationRejectReason. `sentElsewhere`: the reject named gatekeepers to turn to instead (altGKInfo),
 * and they did not take us either. `silent`: nobody answered, the alternates neither.
 */
export type RegisterResult =
  | { readonly outcome: 'registered' }
  | { readonly outcome: 'rejected'; readonly by: 'discovery' | 'registration'; readonly reason: string; readonly sentElsewhere?: boolean }
  | { readonly outcome: 'silent' }
  | { readonly outcome: 'unsent' };

export interface RegistrationOptions {
  readonly client: RasClient;
  readonly clock: Clock;
  readonly gatekeeper: SocketAddress;
  /** Ask for this gatekeeper alone. */
  readonly gatekeeperId?: string | undefined;
  /** GRQ before RRQ. */
  readonly discovery: boolean;
  readonly identity: Identity;
  readonly signalAddress: SocketAddress;
  readonly tlsAddress?: SocketAddress | undefined;
  /** Seconds to ask for; the gatekeeper may give less. */
  readonly timeToLive?: number | undefined;
  readonly credentials?: Credentials | undefined;
  /** How soon an endpoint that has lost its gatekeeper looks for one again. */
  readonly retryMs: number;
  /** Keep-alives, and registering again after a loss. False: only when told. */
  readonly automatic: boolean;
}

interface Gatekeeper {
  readonly ras: SocketAddress;
  readonly id: string | undefined;
}

/** Rejections after which a full RRQ may do what a light one could not (H.225.0 §7.9.5). */
const wantsFull: ReadonlySet<string> = new Set(['fullRegistrationRequired', 'discoveryRequired']);
const MAX_ALTERNATES = 16;

/**
 * An endpoint's registration: discovers, registers, keeps it alive at half its time to live, and goes to an alternate gatekeeper when its
 * own falls silent (H.323 §7.2.6): with a light RRQ and the same endpointIdentifier first, in full where that gatekeeper wants it.
 */
export class Registration {
  /** Counts for tests and load runs. */
  readonly counts = { full: 0, light: 0, failovers: 0 };
  confirmedAt: EpochMs = 0;
  /** Whether the gatekeeper's last confirmation proved the password as well. */
  gatekeeperProven = false;
  readonly #options: RegistrationOptions;
  #gatekeeper: Gatekeeper;
  #alternates: readonly AlternateGK[] = [];
  #aliases: readonly AliasAddress[];
  #endpointIdentifier: string | undefined;
  #confirm: RegistrationConfirm | undefined;
  #timer: Timer | undefined;
  #failingOver: Promise<boolean> | undefined;
  #closed = false;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.#gatekeeper = { ras: options.gatekeeper, id: options.gatekeeperId };
    this.#aliases = options.identity.aliases;
  }

  get registered(): boolean {
    return this.#endpointIdentifier !== undefined;
  }

  get endpointIdentifier(): string | undefined {
    return this.#endpointIdentifier;
  }

  get gatekeeperIdentifier(): string | undefined {
    return this.#gatekeeper.id;
  }

  /** Where RAS goes now. */
  get gatekeeper(): SocketAddress {
    return this.#gatekeeper.ras;
  }

  get alternates(): readonly AlternateGK[] {
    return this.#alternates;
  }

  get aliases(): readonly AliasAddress[] {
    return this.#aliases;
  }

  /** The last RCF. */
  get confirm(): RegistrationConfirm | undefined {
    return this.#confirm;
  }

  /** Seconds; undefined: for ever. */
  get timeToLive(): number | undefined {
    return this.#confirm?.timeToLive;
  }

  /** The gatekeeper's address for signalling over TLS, where it named one (H.460.22). */
  get gatekeeperTlsAddress(): SocketAddress | undefined {
    return socketAddress(tlsAddressOf(this.#confirm?.featureSet));
  }

  /** For a message to the gatekeeper: proofs of the password. */
  get tokens(): Tokens {
    const parties = { gatekeeperId: this.#gatekeeper.id, endpointId: this.#endpointIdentifier };
    return this.#options.credentials?.tokens(parties) ?? {};
  }

  get encode(): (message: RasMessage) => Buffer {
    return this.#options.credentials?.encode ?? rasMessage.encode;
  }

  /** Discovers where asked for, and registers in full. */
  async register(): Promise<RegisterResult> {
    const result = await this.#registerAt(this.#gatekeeper, this.#options.discovery);
    if (!isForAlternates(result)) return result;
    return (await this.failover()) ? { outcome: 'registered' } : result;
  }

  /** A light RRQ now. */
  async keepAlive(): Promise<RegisterResult> {
    const result = await this.#light(this.#gatekeeper);
    if (result.outcome === 'rejected' && wantsFull.has(result.reason)) return this.register();
    if (!isForAlternates(result)) return result;
    if (await this.failover()) return { outcome: 'registered' };
    if (result.outcome === 'rejected') this.#lose();
    return result;
  }

  /** More aliases for the same endpoint (H.225.0 §7.9.1, additiveRegistration). */
  async add(aliases: readonly AliasAddress[]): Promise<RegisterResult> {
    const result = await this.#rrq(this.#gatekeeper, { terminalAlias: aliases, additiveRegistration: null, keepAlive: false });
    if (result.outcome === 'registered') this.#aliases = [...this.#aliases, ...aliases];
    return result;
  }

  /** Other aliases than before, registered in full. */
  replace(aliases: readonly AliasAddress[]): Promise<RegisterResult> {
    this.#aliases = aliases;
    return this.#registerAt(this.#gatekeeper, false);
  }

  async unregister(): Promise<RasAnswer> {
    this.#timer?.cancel();
    const { client, signalAddress } = this.#options;
    const endpointIdentifier = this.#endpointIdentifier;
    const answer = await client.request(
      (requestSeqNum) => ({
        type: 'unregistrationRequest',
        value: {
          requestSeqNum,
          callSignalAddress: [transportAddress(signalAddress)],
          endpointIdentifier,
          gatekeeperIdentifier: this.#gatekeeper.id,
          ...this.tokens,
        },
      }),
      this.#gatekeeper.ras,
      this.encode,
    );
    this.#lose();
    return answer;
  }

  /** Asks the gatekeeper, and its alternates when it is silent. `build` is called for each: it names whom it asks. */
  async ask(build: (requestSeqNum: number) => RasMessage): Promise<RasAnswer> {
    const answer = await this.#options.client.request(build, this.#gatekeeper.ras, this.encode);
    if (answer.outcome === 'answered') {
      const offered = alternatesIn(answer.message);
      if (offered.length === 0) return answer;
      this.#alternates = offered;
    } else if (answer.outcome !== 'silent') {
      return answer;
    }
    return (await this.failover()) ? this.#options.client.request(build, this.#gatekeeper.ras, this.encode) : answer;
  }

  /** The gatekeeper ended the registration (URQ). */
  ended(alternates: readonly AlternateGK[] | undefined): void {
    if (alternates && alternates.length > 0) this.#alternates = alternates.slice(0, MAX_ALTERNATES);
    this.#lose();
    if (this.#options.automatic) this.#after(0, () => this.#again());
  }

  /** Goes to the first alternate that takes us. False: none did. One at a time: a second request waits for the first one's outcome. */
  failover(): Promise<boolean> {
    this.#failingOver ??= this.#tryAlternates().finally(() => {
      this.#failingOver = undefined;
    });
    return this.#failingOver;
  }

  /** No more timers, and what is under way leads to nothing. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #tryAlternates(): Promise<boolean> {
    const silent = this.#gatekeeper;
    for (const alternate of this.#candidates(silent)) {
      if (this.#closed) return false;
      let result: RegisterResult = { outcome: 'rejected', by: 'registration', reason: 'fullRegistrationRequired' };
      if (this.registered) result = await this.#light(alternate);
      if (result.outcome === 'rejected' && wantsFull.has(result.reason)) result = await this.#registerAt(alternate, false);
      if (result.outcome === 'registered') {
        this.counts.failovers++;
        return true;
      }
    }
    return false;
  }

  /** By priority: 0 is the best (H.225.0 §7.6, AlternateGK). The gatekeeper of the beginning is always worth a try. */
  #candidates(silent: Gatekeeper): Gatekeeper[] {
    const found: Gatekeeper[] = [];
    for (const { rasAddress, gatekeeperIdentifier } of [...this.#alternates].sort((a, b) => a.priority - b.priority)) {
      const ras = socketAddress(rasAddress);
      if (ras) found.push({ ras, id: gatekeeperIdentifier });
    }
    found.push({ ras: this.#options.gatekeeper, id: this.#options.gatekeeperId });
    const seen = new Set([addressText(silent.ras)]);
    return found.filter(({ ras }) => !seen.has(addressText(ras)) && seen.add(addressText(ras)));
  }

  async #registerAt(gatekeeper: Gatekeeper, discovery: boolean): Promise<RegisterResult> {
    let at = gatekeeper;
    if (discovery) {
      const found = await this.#discover(gatekeeper);
      if ('outcome' in found) return found;
      at = found;
    }
    this.counts.full++;
    return this.#rrq(at, { discoveryComplete: discovery, terminalAlias: this.#aliases, keepAlive: false });
  }

  #light(gatekeeper: Gatekeeper): Promise<RegisterResult> {
    this.counts.light++;
    return this.#rrq(gatekeeper, { keepAlive: true });
  }

  async #discover(gatekeeper: Gatekeeper): Promise<Gatekeeper | RegisterResult> {
    const { client, identity, credentials, tlsAddress } = this.#options;
    const answer = await client.request(
      (requestSeqNum) => ({
        type: 'gatekeeperRequest',
        value: {
          requestSeqNum,
          protocolIdentifier: H225_VERSION,
          rasAddress: transportAddress(client.local),
          endpointType: identity.endpointType,
          gatekeeperIdentifier: gatekeeper.id,
          endpointAlias: this.#aliases,
          ...credentials?.offer,
          supportsAltGK: null,
          featureSet: tlsAddress && tlsFeature(tlsAddress),
          supportsAssignedGK: false,
        },
      }),
      gatekeeper.ras,
    );
    if (answer.outcome !== 'answered') return answer;
    const { message } = answer;
    if (message.type === 'gatekeeperConfirm') {
      this.#learnAlternates(message.value.alternateGatekeeper);
      return { ras: socketAddress(message.value.rasAddress) ?? gatekeeper.ras, id: message.value.gatekeeperIdentifier };
    }
    const reason = message.type === 'gatekeeperReject' ? message.value.rejectReason.type : message.type;
    const alternates = alternatesIn(message);
    this.#learnAlternates(alternates);
    return { outcome: 'rejected', by: 'discovery', reason, ...(alternates.length > 0 && { sentElsewhere: true }) };
  }

  async #rrq(gatekeeper: Gatekeeper, part: Partial<RegistrationRequest>): Promise<RegisterResult> {
    const { client, identity, signalAddress, tlsAddress, timeToLive, credentials } = this.#options;
    const endpointIdentifier = part.keepAlive || part.additiveRegistration === null ? this.#endpointIdentifier : undefined;
    const answer = await client.request(
      (requestSeqNum) => ({
        type: 'registrationRequest',
        value: {
          requestSeqNum,
          protocolIdentifier: H225_VERSION,
          discoveryComplete: false,
          callSignalAddress: [transportAddress(signalAddress)],
          rasAddress: [transportAddress(client.local)],
          terminalType: identity.endpointType,
          gatekeeperIdentifier: gatekeeper.id,
          endpointVendor: identity.vendor,
          timeToLive,
          ...credentials?.tokens({ gatekeeperId: gatekeeper.id, endpointId: endpointIdentifier }),
          keepAlive: false,
          endpointIdentifier,
          willSupplyUUIEs: false,
          maintainConnection: false,
          supportsAltGK: null,
          featureSet: tlsAddress && !part.keepAlive ? tlsFeature(tlsAddress) : undefined,
          supportsAssignedGK: false,
          ...part,
        },
      }),
      gatekeeper.ras,
      this.encode,
    );
    if (answer.outcome !== 'answered') {
      if (answer.outcome === 'silent') this.#schedule(this.#options.retryMs);
      return answer;
    }
    const { message } = answer;
    if (message.type === 'registrationConfirm') {
      this.#confirmed(gatekeeper, message.value, answer.bytes);
      return { outcome: 'registered' };
    }
    const reason = message.type === 'registrationReject' ? message.value.rejectReason.type : message.type;
    const alternates = alternatesIn(message);
    this.#learnAlternates(alternates);
    const sentElsewhere = alternates.length > 0;
    // Who is sent to another gatekeeper by the answer to a keep-alive goes there as it is registered here.
    const keeps = part.additiveRegistration !== undefined || (part.keepAlive === true && sentElsewhere);
    if (sameAddress(gatekeeper.ras, this.#gatekeeper.ras) && !keeps) this.#lose();
    return { outcome: 'rejected', by: 'registration', reason, ...(sentElsewhere && { sentElsewhere }) };
  }

  #confirmed(gatekeeper: Gatekeeper, confirm: RegistrationConfirm, bytes: Buffer): void {
    if (this.#closed) return;
    this.#gatekeeper = { ras: gatekeeper.ras, id: confirm.gatekeeperIdentifier ?? gatekeeper.id };
    this.#endpointIdentifier = confirm.endpointIdentifier;
    this.#confirm = confirm;
    this.confirmedAt = this.#options.clock.now();
    this.gatekeeperProven = this.#options.credentials?.proves(bytes, confirm.cryptoTokens) ?? false;
    this.#learnAlternates(confirm.alternateGatekeeper);
    if (confirm.timeToLive !== undefined) this.#schedule((confirm.timeToLive * 1000) / 2);
    else this.#timer?.cancel();
  }

  #learnAlternates(alternates: readonly AlternateGK[] | undefined): void {
    if (alternates && alternates.length > 0) this.#alternates = alternates.slice(0, MAX_ALTERNATES);
  }

  #lose(): void {
    this.#timer?.cancel();
    this.#endpointIdentifier = undefined;
  }

  #schedule(ms: number): void {
    if (this.#options.automatic) this.#after(ms, () => this.#again());
  }

  #after(ms: number, task: () => void): void {
    this.#timer?.cancel();
    if (!this.#closed) this.#timer = this.#options.clock.after(ms, task);
  }

  /** The timer's errand. What it comes to is seen in `registered` and `counts`; the next try is scheduled by what became of this one. */
  #again(): void {
    const done = this.registered ? this.keepAlive() : this.register();
    done.then(
      (result) => {
        if (result.outcome !== 'registered') this.#schedule(this.#options.retryMs);
      },
      () => this.#schedule(this.#options.retryMs),
    );
  }
}

/** H.323 §7.2.6: nobody is there, or whoever is says that others are to be asked. */
function isForAlternates(result: RegisterResult): boolean {
  return result.outcome === 'silent' || (result.outcome === 'rejected' && result.sentElsewhere === true);
}

function alternatesIn(message: RasMessage): readonly AlternateGK[] {
  switch (message.type) {
    case 'gatekeeperReject':
    case 'registrationReject':
    case 'admissionReject':
    case 'bandwidthReject':
    case 'disengageReject':
      return message.value.altGKInfo?.alternateGatekeeper.slice(0, MAX_ALTERNATES) ?? [];
    default:
      return [];
  }
}
