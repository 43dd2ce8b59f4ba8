import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { type News, protocolName, type Reply } from '../../../src/bridge/browser/protocol.js';
import { until } from '../../support/until.js';

/** One end of the protocol, as a page has it, without a page. */
export class TestPage {
  readonly news: News[] = [];
  readonly replies = new Map<number, Reply>();
  readonly socket: WebSocket;
  /** Code of the close, once it came. */
  closed: number | undefined;
  #next = 1;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as News | Reply;
      if ('news' in message) this.news.push(message as News);
      else this.replies.set(message.id, message);
    });
    socket.on('close', (code) => {
      this.closed = code;
    });
    socket.on('error', () => undefined);
  }

  static async open(url: string, options: { readonly origin?: string; readonly headers?: Record<string, string> } = {}): Promise<TestPage> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, protocolName, {
      headers: options.headers ?? {},
      origin: options.origin ?? url,
    });
    onTestFinished(() => socket.terminate());
    const page = new TestPage(socket);
    await once(socket, 'open');
    return page;
  }

  async ask(name: string, body: object = {}): Promise<Reply & Record<string, unknown>> {
    const id = this.#next++;
    this.socket.send(JSON.stringify({ id, do: name, ...body }));
    return this.reply(id);
  }

  reply(id: number): Promise<Reply & Record<string, unknown>> {
    return until(
      () => {
        const reply = this.replies.get(id);
        if (!reply && this.closed !== undefined) throw new Error(`Closed with ${this.closed} before request ${id} was answered`);
        return reply as (Reply & Record<string, unknown>) | undefined;
      },
      () => `the answer to request ${id}`,
    );
  }

  /** The first news of a kind, from now or before. */
  told<Name extends News['news']>(name: Name, which: (news: Extract<News, { news: Name }>) => boolean = () => true) {
    return until(
      () => this.news.find((one): one is Extract<News, { news: Name }> => one.news === name && which(one as Extract<News, { news: Name }>)),
      () => `the news ${name}; there are ${this.news.map(({ news }) => news).join()}`,
    );
  }

  gone(): Promise<number> {
    return until(
      () => this.closed,
      () => 'the connection to be closed',
    );
  }
}

/** What an upgrade that is refused is answered with. */
export async function refusedUpgrade(url: string, protocols: string[], headers: Record<string, string>): Promise<number> {
  const socket = new WebSocket(url, protocols, { headers });
  onTestFinished(() => socket.terminate());
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
  return response.statusCode;
}
