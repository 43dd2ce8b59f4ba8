/** Health checks are asked every few seconds: one that hangs must not outlive the next. */
const LIMIT_MS = 4000;

export interface HealthOptions {
  /** Of the service's HTTP: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Ask whether it takes calls, not only whether it lives. */
  readonly ready?: boolean;
}

/**
 * `portvakt health`: asks a running service, for health checks of containers. 0: it lives (with `ready`: it takes calls); 1: not. It reads no
 * configuration: a running service must not look dead because its file is being edited.
 */
export async function health({ url, ready = false }: HealthOptions): Promise<number> {
  const path = ready ? '/readyz' : '/healthz';
  try {
    const answer = await fetch(new URL(path, url), { signal: AbortSignal.timeout(LIMIT_MS), redirect: 'error' });
    const text = (await answer.text()).trim();
    (answer.ok ? console.log : console.error)(answer.ok ? text : `${url} answers ${answer.status} at ${path}: ${text}`);
    return answer.ok ? 0 : 1;
  } catch (error) {
    console.error(`${url} does not answer at ${path} (${reason(error)}): is the service running, and is this its http.address and port?`);
    return 1;
  }
}

/** fetch hides what happened to the socket in `cause`. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return 'code' in cause ? String(cause.code) : cause.message;
}
