/** What the tests use of node-sip beyond its grammar: a stack of its own, with transports and transactions. */
declare module 'sip' {
  export interface NodeSipStack {
    send(message: NodeSipMessage, onResponse?: (response: NodeSipMessage) => void): void;
    destroy(): void;
  }

  export function create(
    options: { port: number; address: string; publicAddress?: string; tcp?: boolean; udp?: boolean },
    onRequest: (request: NodeSipMessage) => void,
  ): NodeSipStack;
}
