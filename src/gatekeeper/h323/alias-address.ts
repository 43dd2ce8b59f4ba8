import type { AliasAddress } from './asn1/h225.js';

/**
 * An AliasAddress (H.225.0 §7.1.10) as a user would write it; undefined: a kind that nobody dials (a mobile UIM, a transport address), or an
 * empty one. Several stacks end a name with the NUL of their own strings.
 */
export function writtenAlias(alias: AliasAddress): string | undefined {
  const text = textOf(alias);
  const own = text?.endsWith('\0') ? text.slice(0, -1) : text;
  return own === undefined || own.trim() === '' ? undefined : own;
}

function textOf(alias: AliasAddress): string | undefined {
  switch (alias.type) {
    case 'dialedDigits':
    case 'h323-ID':
    case 'url-ID':
    case 'email-ID':
      return alias.value;
    case 'partyNumber':
      return writtenPartyNumber(alias.value);
    default:
      return undefined;
  }
}

type PartyNumber = Extract<AliasAddress, { readonly type: 'partyNumber' }>['value'];

/** Only a public number says of itself where it counts; the others are digits as they are dialled there. */
function writtenPartyNumber(number: PartyNumber): string | undefined {
  switch (number.type) {
    case 'e164Number': {
      const { publicTypeOfNumber, publicNumberDigits } = number.value;
      return publicTypeOfNumber.type === 'internationalNumber' ? `+${publicNumberDigits}` : publicNumberDigits;
    }
    case 'privateNumber':
      return number.value.privateNumberDigits;
    case 'dataPartyNumber':
    case 'telexPartyNumber':
    case 'nationalStandardPartyNumber':
      return number.value;
    default:
      return undefined;
  }
}

/** What is dialled on: digits as digits, `name@domain` as a URL, any other name as an H.323-ID. */
export function aliasAddressOf(alias: string): AliasAddress {
  if (/^[0-9#*,]{1,128}$/.test(alias)) return { type: 'dialedDigits', value: alias };
  // RFC 3508: the H.323 URL has no other mark of its own.
  if (alias.includes('@') && /^[\x21-\x7e]{1,507}$/.test(alias)) return { type: 'url-ID', value: `h323:${alias}` };
  return { type: 'h323-ID', value: alias.slice(0, 256) };
}
