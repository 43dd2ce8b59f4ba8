/** The part of node-sip 0.0.6 that we use; it comes without types. */
declare module 'sip' {
  export interface NodeSipUri {
    schema?: string | undefined;
    user?: string | undefined;
    password?: string | undefined;
    host: string;
    /** NaN when there is none. */
    port?: number | undefined;
    params?: Record<string, string | null>;
    headers?: Record<string, string>;
  }

  export interface NodeSipAddress {
    name?: string | undefined;
    uri: string | NodeSipUri | undefined;
    params: Record<string, string | null>;
  }

  export interface NodeSipVia {
    version: string;
    protocol: string;
    host: string;
    port?: number | undefined;
    params: Record<string, string | null>;
  }

  export interface NodeSipHeaders {
    via?: NodeSipVia[];
    from?: NodeSipAddress;
    to?: NodeSipAddress;
    'call-id'?: string;
    cseq?: { seq: number; method: string };
    contact?: '*' | NodeSipAddress[];
    route?: NodeSipAddress[];
    'record-route'?: NodeSipAddress[];
    path?: NodeSipAddress[];
    [name: string]: unknown;
  }

  export interface NodeSipMessage {
    method?: string;
    uri?: string | NodeSipUri;
    status?: number;
    reason?: string;
    version?: string;
    headers: NodeSipHeaders;
    content?: string;
  }

  interface NodeSip {
    /** Undefined when the message has no blank line, a malformed first line or a header line without a colon. */
    parse(message: string | Buffer): NodeSipMessage | undefined;
    stringify(message: NodeSipMessage): string;
    parseUri(text: string): NodeSipUri | undefined;
    stringifyUri(uri: string | NodeSipUri): string;
    stringifyAuthHeader(header: Record<string, string | undefined>): string;
    makeResponse(
      request: NodeSipMessage,
      status: number,
      reason?: string,
      extension?: { headers?: NodeSipHeaders; content?: string },
    ): NodeSipMessage;
  }

  const sip: NodeSip;
  export default sip;
}
