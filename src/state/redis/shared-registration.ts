import { StoredBinding } from '../../gatekeeper/registry/stored-binding.js';
import { StoredRegistration } from '../../gatekeeper/registry/stored-registration.js';

/** A step of the store, in microseconds since 1970 by Redis' clock; each is above the one before. 0: none. */
export type Version = number;

/** A registration as the store has it, and since which step: whoever changes it must say so. */
export class SharedRegistration extends StoredRegistration {
  // Private, as it is no part of the registration: it shows neither in JSON nor in comparisons.
  readonly #version: Version;

  constructor(registration: Omit<StoredRegistration, 'with' | 'dueSecond' | 'linkBefore' | 'unlink'>, version: Version) {
    const { alias, organisation, zone, protocol, bindings } = registration;
    super(alias, organisation, zone, protocol, bindings);
    this.#version = version;
  }

  get version(): Version {
    return this.#version;
  }

  override with(bindings: readonly StoredBinding[]): SharedRegistration {
    const { alias, organisation, zone, protocol } = this;
    return new SharedRegistration({ alias, organisation, zone, protocol, bindings }, this.#version);
  }
}

/** 0: nothing is there, or the store has not seen it yet. */
export function versionOf(registration: StoredRegistration | undefined): Version {
  return registration instanceof SharedRegistration ? registration.version : 0;
}

/** When the last of the bindings is over. 0: there is none. */
export function lastDeadline({ bindings }: StoredRegistration): number {
  return bindings.reduce((last, { expiresAt }) => Math.max(last, expiresAt), 0);
}

/**
 * How a registration stands in Redis: `<schema>\t<version>\t<organisation>\t<JSON>`. The scripts read the first three. What a later version
 * of Portvakt adds goes to the end of a JSON list, where an older one does not look; only what an older one would misread has a new schema.
 */
const SCHEMA = '1';

type BindingValue = readonly [
  contact: string,
  /** 0: as the contact. */
  key: string | 0,
  expiresAt: number,
  q: number,
  callId: string,
  cseq: number,
  instance: string,
  regId: number,
  path: readonly string[],
  flow: string,
];

type RegistrationValue = readonly [zone: string, protocol: 'sip' | 'h323', bindings: readonly BindingValue[]];

/** What comes after schema and version. */
export function toValue({ organisation, zone, protocol, bindings }: StoredRegistration): string {
  const value: RegistrationValue = [zone, protocol, bindings.map(toBindingValue)];
  return `${organisation}\t${JSON.stringify(value)}`;
}

/**
 * Reads a whole value. One of a schema that is not known here has no bindings: nobody is found by it, and the endpoint's next REGISTER here
 * replaces it.
 */
export function fromValue(alias: string, value: string): SharedRegistration {
  const versionAt = value.indexOf('\t') + 1;
  const organisationAt = value.indexOf('\t', versionAt) + 1;
  const jsonAt = value.indexOf('\t', organisationAt) + 1;
  const version = Number(value.slice(versionAt, organisationAt - 1));
  const organisation = value.slice(organisationAt, jsonAt - 1);
  if (value.slice(0, versionAt - 1) !== SCHEMA) {
    return new SharedRegistration({ alias, organisation, zone: '', protocol: 'sip', bindings: [] }, version);
  }
  const [zone, protocol, bindings]: RegistrationValue = JSON.parse(value.slice(jsonAt));
  return new SharedRegistration({ alias, organisation, zone, protocol, bindings: bindings.map(toBinding) }, version);
}

/** The version alone, without reading the rest. */
export function versionIn(value: string): Version {
  const at = value.indexOf('\t') + 1;
  return Number(value.slice(at, value.indexOf('\t', at)));
}

function toBindingValue(binding: StoredBinding): BindingValue {
  const { contact, key, expiresAt, q, callId, cseq, instance, regId, path, flow } = binding;
  return [contact, key === contact ? 0 : key, expiresAt, q, callId, cseq, instance, regId, path, flow];
}

function toBinding([contact, key, expiresAt, q, callId, cseq, instance, regId, path, flow]: BindingValue): StoredBinding {
  const change = { contact, key: key === 0 ? contact : key, expires: 0, q, instance, regId, path, flow };
  return new StoredBinding({ callId, cseq }, change, expiresAt, undefined);
}
