import { isNameAt, lowerCase, skipSpace, tokenEnd } from './chars.js';
import { formatHostPort, parseHostPort } from './host.js';
import { collectParams, nextParam, type Params, paramIs, paramValue } from './params.js';

/** One Via value (RFC 3261 §20.42). */
export interface Via {
  /** Lower case: `udp`, `tcp`, `tls`, or one we do not know. */
  readonly transport: string;
  /** sent-by: lower case, an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** Empty: none was there (an RFC 2543 client). */
  readonly branch: string;
  /** An IP address without brackets; RFC 5118 §4.5: both forms are sent. */
  readonly received?: string | undefined;
  /** `true`: asked for and not filled in yet (RFC 3581 §3). */
  readonly rport?: number | true | undefined;
  /** All of them, the four above included; collected when first asked for. */
  readonly params: Params;
}

class ParsedVia implements Via {
  readonly transport: string;
  readonly host: string;
  readonly port: number | undefined;
  branch = '';
  received: string | undefined = undefined;
  rport: number | true | undefined = undefined;
  readonly #text: string;
  readonly #paramsAt: number;
  #params: Params | undefined;

  constructor(transport: string, host: string, port: number | undefined, text: string, paramsAt: number) {
    this.transport = transport;
    this.host = host;
    this.port = port;
    this.#text = text;
    this.#paramsAt = paramsAt;
  }

  get params(): Params {
    this.#params ??= collectParams(this.#text, this.#paramsAt);
    return this.#params;
  }
}

/** Reads one Via value; undefined when it is not one, its version is not 2.0, or it has two branches. */
export function parseVia(text: string): Via | undefined {
  const from = protocolEnd(text);
  if (from < 0) return undefined;
  const transportEnd = tokenEnd(text, from);
  const hostFrom = skipSpace(text, transportEnd);
  if (transportEnd === from || hostFrom === transportEnd) return undefined;
  const sentBy = parseHostPort(text, hostFrom, true);
  if (!sentBy) return undefined;
  const via = new ParsedVia(lowerCase(text.slice(from, transportEnd)), sentBy.host, sentBy.port, text, sentBy.end);
  return readParams(via, text, sentBy.end) ? via : undefined;
}

function readParams(via: ParsedVia, text: string, at: number): boolean {
  for (let pos = skipSpace(text, at); pos < text.length; ) {
    pos = nextParam(text, pos);
    if (pos < 0) return false;
    if (paramIs(text, 'branch')) {
      const branch = paramValue(text);
      if (branch === true || via.branch !== '') return false;
      via.branch = branch;
    } else if (paramIs(text, 'received')) {
      const received = paramValue(text);
      if (received === true || via.received !== undefined) return false;
      via.received = received.startsWith('[') ? received.slice(1, -1) : received;
    } else if (paramIs(text, 'rport')) {
      const rport = readPort(paramValue(text));
      if (rport === undefined || via.rport !== undefined) return false;
      via.rport = rport;
    }
  }
  return true;
}

function readPort(value: string | true): number | true | undefined {
  if (value === true) return true;
  const port = value.length <= 5 ? Number(value) : 0;
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

/** Past `SIP/2.0/`, with the blanks that SLASH allows; -1 when that is not there. */
function protocolEnd(text: string): number {
  if (text.startsWith('SIP/2.0/')) return skipSpace(text, 8);
  const afterName = slashEnd(text, 'sip', 0);
  return afterName < 0 ? -1 : slashEnd(text, '2.0', afterName);
}

function slashEnd(text: string, word: string, at: number): number {
  const from = skipSpace(text, at);
  if (!isNameAt(text, from, word)) return -1;
  const slash = skipSpace(text, from + word.length);
  return text.charCodeAt(slash) === 0x2f ? skipSpace(text, slash + 1) : -1;
}

/**
 * Writes a Via value. `branch`, `received` and `rport` are taken from their fields; every other parameter as it was read. An IPv6
 * `received` is written without brackets (RFC 3261 §25.1, via-received).
 */
export function formatVia(via: Via): string {
  let text = `SIP/2.0/${via.transport.toUpperCase()} ${formatHostPort(via.host, via.port)}`;
  if (via.branch !== '') text += `;branch=${via.branch}`;
  if (via.received !== undefined) text += `;received=${via.received}`;
  if (via.rport !== undefined) text += via.rport === true ? ';rport' : `;rport=${via.rport}`;
  for (const [name, value] of via.params) {
    if (name === 'branch' || name === 'received' || name === 'rport') continue;
    text += value === true ? `;${name}` : `;${name}=${value}`;
  }
  return text;
}
