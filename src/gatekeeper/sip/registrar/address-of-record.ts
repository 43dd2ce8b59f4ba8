import { isPlainNumber, phoneDigits } from '../../plan/dialled.js';
import { aliasKey, expandExtension, matchNumber, normalise, numberAtDomain } from '../../plan/normalise.js';
import type { Organisation, Plan, Zone } from '../../plan/plan.js';
import type { CanonicalAlias } from '../../routing/route.js';
import { parseSipUri, userText } from '../message/uri.js';

/** Which hosts in a URI mean this gatekeeper itself. */
export interface OwnHosts {
  is(host: string, port: number | undefined): boolean;
}

/** An address-of-record (RFC 3261 §6) of the plan: what a REGISTER is for. */
export interface AddressOfRecord {
  /** `461010001` or `anna@norr.example`. */
  readonly alias: string;
  readonly organisation: Organisation;
  readonly zone: Zone;
}

/**
 * Reads a To or From URI as an address of the plan. With our own host after the @ it is the user alone, and belongs to `organisation`:
 * endpoints that know the gatekeeper by its address alone write `sip:0001@192.0.2.1`. Undefined: no organisation has it.
 */
export function addressOfRecord(plan: Plan, uri: string, here: OwnHosts, organisation: Organisation): AddressOfRecord | undefined {
  const sip = parseSipUri(uri);
  if (!sip || !here.is(sip.host, sip.port)) {
    // Nearly every endpoint writes its full number at its own domain: there is nothing to normalise.
    const owner = sip && isPlainNumber(sip.user) ? plan.domains.get(sip.host)?.organisation : undefined;
    const plain = owner && sip && ofNumber(plan, sip.user);
    if (plain && plain.organisation === owner) return plain;
    const alias = normalise(uri);
    return alias && inPlan(plan, alias);
  }
  const alias = normalise(userText(sip.user));
  if (alias?.kind === 'number') return ofNumber(plan, alias.number) ?? ofExtension(plan, alias.number, organisation);
  const [domain, ...others] = organisation.domains;
  if (alias?.kind !== 'h323Id' || domain === undefined || others.length > 0) return alias && inPlan(plan, alias);
  const named = normalise(`${alias.id}@${domain}`);
  return named && inPlan(plan, named);
}

function inPlan(plan: Plan, alias: CanonicalAlias): AddressOfRecord | undefined {
  if (alias.kind === 'number') return ofNumber(plan, alias.number);
  if (alias.kind !== 'uri') return undefined;
  const number = numberAtDomain(alias, plan);
  if (number !== undefined) return ofNumber(plan, number);
  // 461020001@norr.example would show region-syd's number as norr's own: nobody may be called that.
  const digits = phoneDigits(alias.user);
  if (digits !== undefined && matchNumber(digits, plan)?.exact) return undefined;
  const owner = plan.domains.get(alias.domain);
  if (!owner?.organisation || !owner.zone) return undefined;
  return { alias: aliasKey(alias), organisation: owner.organisation, zone: owner.zone };
}

function ofNumber(plan: Plan, number: string): AddressOfRecord | undefined {
  const match = matchNumber(number, plan);
  if (!match?.exact || !match.series.organisation || !match.series.zone) return undefined;
  return { alias: number, organisation: match.series.organisation, zone: match.series.zone };
}

function ofExtension(plan: Plan, digits: string, organisation: Organisation): AddressOfRecord | undefined {
  const number = expandExtension(digits, organisation);
  return number === undefined || number === 'ambiguous' ? undefined : ofNumber(plan, number);
}
