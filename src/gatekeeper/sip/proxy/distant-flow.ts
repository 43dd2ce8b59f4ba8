import type { SocketAddress } from '../../net/address.js';
import type { SipTransport } from '../../plan/plan.js';
import type { Flow } from '../transport/flow.js';

/** What is known of a flow that is not this instance's. */
export interface DistantFlowParts {
  /** As the instance that had or has it calls it. */
  readonly id: string;
  readonly transport: SipTransport;
  readonly remote: SocketAddress;
  readonly certificateNames: readonly string[];
}

/**
 * A way that another instance has, or had until it was lost. Nothing can be sent by it from here, so it is a closed flow; but who is at its
 * other end, and whether it can be read on its way, is judged by it.
 */
export class DistantFlow implements Flow {
  readonly id: string;
  readonly transport: SipTransport;
  readonly reliable: boolean;
  readonly local: SocketAddress = { address: '', port: 0 };
  readonly remote: SocketAddress;
  readonly certificateNames: readonly string[];
  readonly closed = true;

  constructor({ id, transport, remote, certificateNames }: DistantFlowParts) {
    this.id = id;
    this.transport = transport;
    this.reliable = transport !== 'udp';
    this.remote = remote;
    this.certificateNames = certificateNames;
  }

  send(): boolean {
    return false;
  }

  onClose(listener: () => void): () => void {
    listener();
    return () => undefined;
  }
}
