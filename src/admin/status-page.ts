import { createHash } from 'node:crypto';

export interface StatusPage {
  /** Of this page: `http://localhost:8080`. */
  readonly url: string;
  readonly version: string;
  readonly instance: string;
  /** `sip:127.0.0.1:5060;transport=udp` */
  readonly listeners: readonly string[];
  /** Why the service is not ready; empty when it is. */
  readonly problems: readonly string[];
}

const STYLE = `
:root { color-scheme: light dark; --line: #8886; --ok: #0a6b36; --bad: #a3290f; }
@media (prefers-color-scheme: dark) { :root { --ok: #5fd08f; --bad: #ff9a80; } }
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.state { font-weight: 600; } .ok { color: var(--ok); } .bad { color: var(--bad); }
code, pre { font: 0.95em/1.5 ui-monospace, monospace; } pre { border: 1px solid var(--line); border-radius: 6px; padding: 0.7rem 1rem; overflow-x: auto; }
li { margin: 0.25rem 0; }`;

/** The page runs no script and loads nothing; its one style sheet is named by its digest. */
export const STATUS_PAGE_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The page at `/`, for somebody who just started the service: does it run, where does it listen, what to try next. */
export function statusPage({ url, version, instance, listeners, problems }: StatusPage): string {
  const state =
    problems.length === 0
      ? '<p class="state ok">Ready: calls are accepted.</p>'
      : `<p class="state bad">Not ready:</p>\n${list(problems.map(toHtml))}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Portvakt</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Portvakt</h1>
<p>A gatekeeper for video meetings. Version ${toHtml(version)}, instance ${toHtml(instance)}.</p>
${state}
<h2>Where it listens</h2>
${listeners.length === 0 ? '<p>Nowhere for calls yet.</p>' : list(listeners.map((listener) => `<code>${toHtml(listener)}</code>`))}
<h2>What to try next</h2>
<ol>
<li>Let a SIP client log on as <code>461010001</code>, another as <code>461020001</code>, both with the password of the demo plan,
<code>portvakt-demo</code>, over TLS and with SRTP switched on.</li>
<li>Dial <code>461020001</code> from the first one. What the gatekeeper makes of a number, step by step:
<pre>npx portvakt route 461020001 --from region-norr</pre></li>
<li>Change the address plan in <code>config/e164-plan.yaml</code>, then check it and put it in force:
<pre>npx portvakt check
curl -X POST ${toHtml(url)}/api/v1/plan/reload</pre></li>
</ol>
<h2>Look inside</h2>
<ul>
<li><a href="/api/v1/calls">Calls</a>, <a href="/api/v1/registrations">registrations</a> and the <a href="/api/v1/plan">address plan</a> (JSON, from this machine)</li>
<li><a href="/metrics">Metrics</a> for Prometheus, and the health checks <a href="/healthz">healthz</a> and <a href="/readyz">readyz</a></li>
</ul>
</main>
</body>
</html>
`;
}

function list(items: readonly string[]): string {
  return `<ul>\n${items.map((item) => `<li>${item}</li>`).join('\n')}\n</ul>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function toHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}
