import type { PartApi } from './part-api.js';
import type { Rpc } from './rpc.js';

/** All that may be asked of a part from afar, and nothing else that an object answers to. */
const methods = {
  open: true,
  close: true,
  openRoomLine: true,
  connectRoomLine: true,
  directRoomLine: true,
  closeRoomLine: true,
  requestKeyFrame: true,
  openBrowserTransport: true,
  connectBrowserTransport: true,
  restartIce: true,
  produce: true,
  closeStream: true,
  pauseStream: true,
  consume: true,
  resumeConsumer: true,
  pauseConsumer: true,
  preferLayer: true,
  closeConsumer: true,
  closeLeg: true,
  feedRoomLine: true,
  hear: true,
  show: true,
  makeFeed: true,
  dropFeed: true,
  announce: true,
  setWaiting: true,
  setSpeaker: true,
  openPipe: true,
  connectPipe: true,
  pipeOut: true,
  pipeIn: true,
  closePiped: true,
  closePipe: true,
} satisfies Record<keyof PartApi, true>;

export type PartMethod = keyof PartApi;

export function isPartMethod(name: string): name is PartMethod {
  return Object.hasOwn(methods, name);
}

/** The part of that name on the other side. */
export function remotePart(rpc: Rpc, target: string): PartApi {
  const stub: Record<string, (...args: readonly unknown[]) => Promise<unknown>> = {};
  for (const method of Object.keys(methods)) stub[method] = (...args) => rpc.call(target, method, args);
  // What the other side answers is typed by the same interface: threads run the same build, and nodes of different builds do not link.
  return stub as unknown as PartApi;
}

/** Has a part do what was asked from afar. The caller has looked at the method's name. */
export function callPart(part: PartApi, method: PartMethod, args: readonly unknown[]): Promise<unknown> {
  const run = part[method] as (...args: unknown[]) => Promise<unknown>;
  return run.apply(part, [...args]);
}
