import { phoneDigits } from '../../plan/dialled.js';
import { aliasKey, expandExtension, matchNumber, normalise, numberAtDomain } from '../../plan/normalise.js';
import { seriesOfPrefix } from '../../plan/ownership.js';
import type { Plan } from '../../plan/plan.js';
import type { AliasKey, CanonicalAlias } from '../../routing/route.js';
import { writtenAlias } from '../alias-address.js';
import type { AliasAddress, EndpointType, SupportedProtocols } from '../asn1/h225.js';
import { MAX_ALIASES, type RequestedAlias } from './endpoint-request.js';
import type { RegisteringZone } from './who.js';

export type AliasesResult =
  | { readonly ok: true; readonly aliases: readonly RequestedAlias[] }
  | { readonly ok: false; readonly alias: string; readonly sentence: string };

/**
 * What the terminalAliases of an RRQ are in the plan; each must be the zone's own. Numbers in any written form and extensions become numbers,
 * addresses become URIs; any other name is a bare H.323-ID, which is whoever's registers it first. Kinds that nobody dials are left out.
 */
export function readAliases(
  plan: Plan,
  zone: RegisteringZone,
  ownHosts: ReadonlySet<string>,
  written: readonly AliasAddress[],
): AliasesResult {
  const aliases: RequestedAlias[] = [];
  for (const alias of written) {
    const text = writtenAlias(alias);
    if (text === undefined) continue;
    const key = keyOf(plan, zone, ownHosts, text);
    if (typeof key !== 'string') return { ok: false, alias: text, sentence: key.sentence };
    if (aliases.some((earlier) => earlier.key === key)) continue;
    if (aliases.length >= MAX_ALIASES)
      return { ok: false, alias: text, sentence: `An endpoint may have ${MAX_ALIASES} aliases: register fewer` };
    aliases.push({ key, written: alias });
  }
  return { ok: true, aliases };
}

type Foreign = { readonly sentence: string };

function keyOf(plan: Plan, zone: RegisteringZone, ownHosts: ReadonlySet<string>, text: string): AliasKey | Foreign {
  const read = normalise(text);
  if (!read) return { sentence: `"${text}" is no number, no name@domain and no H.323-ID: write one on the endpoint` };
  const alias = read.kind === 'address' && ownHosts.has(read.host) ? normalise(read.user) : read;
  switch (alias?.kind) {
    case 'number':
      return numberKey(plan, zone, alias.number);
    case 'uri':
      return uriKey(plan, zone, alias);
    case 'h323Id':
      return alias.id;
    default:
      return { sentence: `"${text}" is an address, not a name: register a number, name@domain or an H.323-ID` };
  }
}

function numberKey(plan: Plan, zone: RegisteringZone, number: string): AliasKey | Foreign {
  const match = matchNumber(number, plan);
  if (match?.exact && match.series.zone === zone) return number;
  const whole = match?.exact ? undefined : expandExtension(number, zone.organisation);
  if (whole === 'ambiguous')
    return {
      sentence: `Several series of ${zone.organisation.id} have ${number.length} digits after their prefix: register the whole number`,
    };
  if (whole !== undefined && matchNumber(whole, plan)?.series.zone === zone) return whole;
  return {
    sentence: `${number} is in no number series of zone ${zone.id}: register only numbers of its own, or add the series to the plan`,
  };
}

function uriKey(plan: Plan, zone: RegisteringZone, alias: CanonicalAlias & { readonly kind: 'uri' }): AliasKey | Foreign {
  const number = numberAtDomain(alias, plan);
  if (number !== undefined) return numberKey(plan, zone, number);
  const owner = plan.domains.get(alias.domain);
  // 461020001@norr.example would show region-syd's number as norr's own: nobody may be called that.
  const digits = phoneDigits(alias.user);
  const foreign = digits !== undefined && matchNumber(digits, plan)?.exact === true;
  if (!foreign && owner?.zone === zone) return aliasKey(alias);
  return {
    sentence: `${aliasKey(alias)} is in no domain of zone ${zone.id}: register only addresses of its own, or add the domain to the plan`,
  };
}

export type PrefixesResult =
  | { readonly ok: true; readonly prefixes: readonly string[] }
  | { readonly ok: false; readonly alias: string; readonly sentence: string };

/** The prefixes that a gateway or MCU says it serves (supportedPrefixes of its protocols); each must lie in a series of its zone. */
export function readPrefixes(plan: Plan, zone: RegisteringZone, type: EndpointType): PrefixesResult {
  const written = [...(type.gateway?.protocol ?? []), ...(type.mcu?.protocol ?? [])].flatMap(prefixesOf);
  const prefixes: string[] = [];
  for (const alias of written) {
    const text = writtenAlias(alias) ?? alias.type;
    const digits = phoneDigits(text);
    if (zone.kind !== 'h323-gateway') {
      return {
        ok: false,
        alias: text,
        sentence: `Zone ${zone.id} is hosted: prefixes (${text}) can be registered in h323-gateway zones only`,
      };
    }
    if (digits === undefined || seriesOfPrefix(plan, digits)?.zone !== zone) {
      const sentence = `The prefix ${text} is in no number series of zone ${zone.id}: register a series as the plan writes it, or digits inside one`;
      return { ok: false, alias: text, sentence };
    }
    if (prefixes.includes(digits)) continue;
    if (prefixes.length >= MAX_ALIASES)
      return { ok: false, alias: text, sentence: `A gateway may have ${MAX_ALIASES} prefixes: register fewer` };
    prefixes.push(digits);
  }
  return { ok: true, prefixes };
}

function prefixesOf(protocol: SupportedProtocols): readonly AliasAddress[] {
  if (protocol.type === 'unknown' || protocol.type === 'nonStandardData') return [];
  return (protocol.value.supportedPrefixes ?? []).map(({ prefix }) => prefix);
}
