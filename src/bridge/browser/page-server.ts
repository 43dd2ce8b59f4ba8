import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PageFile } from './page-files.js';

export interface PageServerOptions {
  /** Empty: the page was never built. */
  readonly files: ReadonlyMap<string, PageFile>;
  /** With it, or with an `url` of https: browsers are told that they shall never come without TLS (RFC 6797). */
  readonly tls: boolean;
  /** As participants reach the page; undefined: by the Host that they ask for. */
  readonly url: string | undefined;
  /** Origins of other nodes, that the page may connect to when a meeting is there: `https://mote-2.example`. */
  readonly otherOrigins: () => readonly string[];
  /** Nodes may come that nobody knows yet, and a page that is open now must reach them when this one is gone. */
  readonly moreNodes: boolean;
}

const YEAR_SECONDS = 365 * 24 * 60 * 60;

/** Answers GET and HEAD with the page's files. `/` and `/m/<meeting>` are the page itself, which reads its address. */
export function servePage(options: PageServerOptions): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    for (const [name, value] of Object.entries(securityHeaders(options, request.headers.host))) response.setHeader(name, value);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      say(response, 405, 'Only GET and HEAD');
      return;
    }
    const [path = '/'] = (request.url ?? '/').split('?');
    const isPage = path === '/' || /^\/m\/[^/]{1,256}\/?$/.test(path);
    const file = options.files.get(isPage ? '/index.html' : path);
    if (file) send(request, response, file);
    else if (isPage) say(response, 503, 'The meeting page is not built: run npm run build');
    else say(response, 404, 'There is nothing here');
  };
}

function send(request: IncomingMessage, response: ServerResponse, file: PageFile): void {
  response.setHeader('cache-control', file.immutable ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache');
  response.setHeader('etag', file.tag);
  response.setHeader('vary', 'accept-encoding');
  if (request.headers['if-none-match'] === file.tag) {
    response.writeHead(304).end();
    return;
  }
  const zipped = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? '')) ? file.gzipped : undefined;
  if (zipped) response.setHeader('content-encoding', 'gzip');
  const body = zipped ?? file.body;
  response.writeHead(200, { 'content-type': file.type, 'content-length': body.length });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }).end(`${text}\n`);
}

function securityHeaders({ tls, url, otherOrigins, moreNodes }: PageServerOptions, host: string | undefined): Record<string, string> {
  const secure = tls || url?.startsWith('https:') === true;
  const scheme = secure ? 'wss' : 'ws';
  // A policy stands as long as its page is open: other nodes by name would leave out those that come later.
  const others = moreNodes ? [`${scheme}:`] : otherOrigins().map((origin) => origin.replace(/^http/, 'ws'));
  // 'self' covers a WebSocket only in browsers that know CSP level 3; the others are told by name.
  const own = host !== undefined && /^[\w.[\]:-]{1,255}$/.test(host) ? `${scheme}://${host}` : '';
  return {
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data: blob:",
      "media-src 'self' blob: mediastream:",
      "font-src 'self'",
      "manifest-src 'self'",
      `connect-src ${["'self'", own, ...others].filter((source) => source !== '').join(' ')}`,
      "worker-src 'self' blob:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'permissions-policy':
      'camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self), autoplay=(self), geolocation=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'x-robots-tag': 'noindex',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    ...(secure ? { 'strict-transport-security': `max-age=${YEAR_SECONDS}` } : {}),
  };
}
