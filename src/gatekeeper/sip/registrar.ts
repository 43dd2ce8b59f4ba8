import type { Clock } from '../../clock.js';
import type { RegistrationStore } from '../../state/store.js';
import type { RefusalCode } from '../calls/reasons.js';
import type { Organisation, OrganisationId, Plan, ZoneId } from '../plan/plan.js';
import type { Registration } from '../registry/registration.js';
import type { Authenticator } from './authenticator.js';
import { responseTo, type SipRequest, type SipResponse, SipSyntaxError } from './message/message.js';
import { parseSipUri } from './message/uri.js';
import { refusalResponse } from './refusal-response.js';
import { type AddressOfRecord, addressOfRecord, type OwnHosts } from './registrar/address-of-record.js';
import { type ContactsRefused, type ExpiryLimits, readContacts } from './registrar/contact-changes.js';
import { contactValue } from './registrar/contact-value.js';
import { type OutboundRefusal, readOutbound } from './registrar/outbound.js';
import { SipDate } from './registrar/sip-date.js';
import type { Flow } from './transport/flow.js';

export type RegistrarSettings = ExpiryLimits;

/** How a REGISTER went, for metrics and logs. */
export interface RegisterOutcome {
  readonly result: 'registered' | 'unregistered' | 'queried' | 'challenged' | 'refused';
  readonly status: number;
  /** With `refused`. */
  readonly refusal: RefusalCode | undefined;
  /** Known once the endpoint proved who it is. */
  readonly organisation: OrganisationId | undefined;
  readonly zone: ZoneId | undefined;
  /** The alias registered or asked for; for logs, never a metric's label. */
  readonly alias: string | undefined;
  /** The request's To URI and source address, as they came: for logs. */
  readonly asked: string;
  readonly source: string;
}

export interface RegistrarDependencies {
  readonly store: { readonly registrations: RegistrationStore };
  readonly plan: () => Plan;
  readonly authenticator: Authenticator;
  /** Which hosts mean this gatekeeper: `Here`. */
  readonly here: OwnHosts;
  readonly clock: Clock;
  readonly settings: RegistrarSettings;
  readonly onOutcome?: (outcome: RegisterOutcome) => void;
}

/** Option tags a REGISTER may require (RFC 3261 §8.2.2.3). */
const supported: ReadonlySet<string> = new Set(['path', 'outbound']);

/** Seconds between keep-alives on a connection (RFC 5626 §4.4.1 has 120 when nothing is said); over UDP its own 24 to 29 s hold. */
const FLOW_TIMER_SECONDS = 120;

/** REGISTER (RFC 3261 §10.3), with Path (RFC 3327) and outbound (RFC 5626), over the shared registrations. */
export class Registrar {
  readonly #registrations: RegistrationStore;
  readonly #deps: RegistrarDependencies;
  readonly #date = new SipDate();
  /** Connections whose end is already listened for. */
  readonly #watched = new WeakSet<Flow>();

  constructor(dependencies: RegistrarDependencies) {
    const { minExpires, maxExpires, defaultExpires } = dependencies.settings;
    if (!(minExpires >= 0 && minExpires <= defaultExpires && defaultExpires <= maxExpires)) {
      throw new RangeError(`Expiry limits must rise from min (${minExpires}) over default (${defaultExpires}) to max (${maxExpires})`);
    }
    this.#deps = dependencies;
    this.#registrations = dependencies.store.registrations;
  }

  /** Answers one REGISTER. Never rejects for what the endpoint sent; the response goes back on `flow`. */
  async register(request: SipRequest, flow: Flow): Promise<SipResponse> {
    const attempt: Attempt = { request, flow, organisation: undefined, record: undefined };
    const unsupported = request.has('require') ? request.list('require').filter((option) => !supported.has(option.toLowerCase())) : [];
    if (unsupported.length > 0) return this.#refuseExtension(attempt, unsupported.join(', '), 'Require names an unsupported extension');
    const who = this.#deps.authenticator.authenticate(request, flow, 'registrar');
    if (!who.ok) {
      const refused = who.why === 'malformed' || who.why === 'blocked';
      return this.#answer(attempt, refused ? 'refused' : 'challenged', who.challenge, who.refusal);
    }
    const { organisation } = who;
    attempt.organisation = organisation;
    const plan = this.#deps.plan();
    const record = addressOfRecord(plan, request.to.uri, this.#deps.here, organisation);
    if (record?.organisation !== organisation) return this.#refuse(attempt, 'aliasForeign');
    attempt.record = record;
    if (record.zone.kind !== 'hosted') {
      return this.#refuse(
        attempt,
        'aliasForeign',
        `This address belongs to the connection ${record.zone.id}, not to endpoints that register`,
      );
    }
    if (!this.#mayRegister(request, plan, record)) return this.#refuse(attempt, 'callerIdentityForeign');
    try {
      return request.has('contact') ? await this.#update(attempt, plan, record) : this.#query(attempt, record);
    } catch (error) {
      if (error instanceof SipSyntaxError) return this.#refuse(attempt, 'badRequest', error.message);
      throw error;
    }
  }

  /** A third party may register for a colleague (RFC 3261 §10.2, From and To): anybody of the same organisation. */
  #mayRegister(request: SipRequest, plan: Plan, record: AddressOfRecord): boolean {
    if (request.from.uri === request.to.uri) return true;
    return addressOfRecord(plan, request.from.uri, this.#deps.here, record.organisation)?.organisation === record.organisation;
  }

  /** Without a Contact nothing changes; the endpoint wants to know what is bound (RFC 3261 §10.2.3). */
  #query(attempt: Attempt, record: AddressOfRecord): SipResponse {
    const registration = this.#registrations.index.find(record.alias);
    return this.#answer(attempt, 'queried', this.#ok(attempt.request, registration?.protocol === 'sip' ? registration : undefined));
  }

  async #update(attempt: Attempt, plan: Plan, record: AddressOfRecord): Promise<SipResponse> {
    const { request, flow } = attempt;
    const outbound = readOutbound(request);
    if (!outbound.ok) return this.#refuseOutbound(attempt, outbound.why);
    const read = readContacts(request, this.#deps.settings, outbound.use, flow.id);
    if (!read.ok) return this.#refuseContacts(attempt, read);
    if (read.contacts.some(({ contact, expires }) => expires > 0 && this.#isOurs(contact))) {
      // A call to such a contact would come back to us as another call, and again (RFC 5393).
      return this.#refuse(attempt, 'badRequest', "Contact must be the endpoint's own address, and this one is the gatekeeper's");
    }
    const result = await this.#registrations.apply({
      alias: record.alias,
      organisation: record.organisation.id,
      zone: record.zone.id,
      protocol: 'sip',
      callId: request.callId,
      cseq: request.cseq.seq,
      contacts: read.contacts,
      removeAll: read.removeAll,
      limits: { organisation: record.organisation.licences.registrations, total: plan.licences.registrations },
    });
    if (!result.ok) return this.#refuse(attempt, result.refusal);
    const response = this.#ok(request, result.registration);
    const { path } = outbound.use;
    // RFC 3327 §5.3: the endpoint is told which way calls will come.
    if (path.length > 0) response.add('path', path.join(', '));
    if (read.contacts.some((contact) => contact.regId > 0 && contact.expires > 0)) {
      // RFC 5626 §6: how the endpoint learns that its flow is used, and that it is to keep it alive.
      response.add('require', 'outbound');
      if (path.length === 0 && flow.reliable) {
        response.add('flow-timer', String(FLOW_TIMER_SECONDS));
        this.#watch(flow);
      }
    }
    const registered = read.contacts.some((contact) => contact.expires > 0);
    return this.#answer(attempt, registered ? 'registered' : 'unregistered', response);
  }

  #isOurs(contact: string): boolean {
    const uri = parseSipUri(contact);
    return uri !== undefined && this.#deps.here.is(uri.host, uri.port ?? (uri.scheme === 'sips' ? 5061 : 5060));
  }

  #ok(request: SipRequest, registration: Registration | undefined): SipResponse {
    const now = this.#deps.clock.now();
    const response = responseTo(request, 200);
    for (const binding of registration?.bindings ?? []) {
      if (binding.expiresAt > now) response.add('contact', contactValue(binding, now));
    }
    response.add('date', this.#date.at(now));
    return response;
  }

  /** When the connection ends, what was bound to it cannot be reached any more (RFC 5626 §6). */
  #watch(flow: Flow): void {
    if (this.#watched.has(flow)) return;
    this.#watched.add(flow);
    flow.onClose(() => void this.#registrations.dropFlow(flow.id));
  }

  #refuseOutbound(attempt: Attempt, why: OutboundRefusal): SipResponse {
    switch (why) {
      case 'pathUnsupported':
        return this.#refuseExtension(attempt, 'path', 'A proxy added Path, but this endpoint does not say Supported: path');
      case 'firstHop':
        return this.#refuse(attempt, 'outboundUnsupportedByProxy');
      case 'pathMalformed':
        return this.#refuse(attempt, 'badRequest', 'Path must hold SIP URIs in angle brackets');
    }
  }

  #refuseContacts(attempt: Attempt, read: ContactsRefused): SipResponse {
    if (read.why === 'malformed') return this.#refuse(attempt, 'badRequest', read.sentence);
    const response = refusalResponse(attempt.request, 'registrationTooBrief');
    response.add('min-expires', String(this.#deps.settings.minExpires));
    return this.#answer(attempt, 'refused', response, 'registrationTooBrief');
  }

  #refuseExtension(attempt: Attempt, options: string, sentence: string): SipResponse {
    const response = refusalResponse(attempt.request, 'extensionUnsupported', sentence);
    response.add('unsupported', options);
    return this.#answer(attempt, 'refused', response, 'extensionUnsupported');
  }

  #refuse(attempt: Attempt, code: RefusalCode, sentence?: string): SipResponse {
    return this.#answer(attempt, 'refused', refusalResponse(attempt.request, code, sentence), code);
  }

  #answer(
    { request, flow, organisation, record }: Attempt,
    result: RegisterOutcome['result'],
    response: SipResponse,
    refusal?: RefusalCode,
  ): SipResponse {
    this.#deps.onOutcome?.({
      result,
      status: response.status,
      refusal,
      organisation: organisation?.id,
      zone: record?.zone.id,
      alias: record?.alias,
      asked: request.to.uri,
      source: flow.remote.address,
    });
    return response;
  }
}

/** One REGISTER and what is known of it so far. */
interface Attempt {
  readonly request: SipRequest;
  readonly flow: Flow;
  organisation: Organisation | undefined;
  record: AddressOfRecord | undefined;
}
