import type { DtlsParameters, RtpCapabilities, RtpParameters } from 'mediasoup/types';
import type { HostControls } from '../meetings/meeting.js';
import { RequestError, refused } from './errors.js';
import type { Request } from './protocol.js';
import type { Session } from './session.js';

/** Freezes of pictures in one report: more than a page can count, and they are added up in a metric. */
const MOST_FREEZES = 1000;

type Answer = Record<string, unknown> | undefined;

/** Does what a page asks for, once it is in the meeting. What it gives stands in the reply; what it throws makes the reply an error. */
export async function perform(session: Session, request: Exclude<Request, { do: 'join' }>): Promise<Answer> {
  const { seat } = session;
  if (seat.where === 'out') throw new RequestError('outOfTurn', 'You have left the meeting');
  if (request.do === 'leave') {
    // After its reply: the connection closes with the seat.
    setImmediate(() => seat.leave('left'));
    return undefined;
  }
  if (seat.where !== 'in') throw new RequestError('outOfTurn', 'Wait until a host lets you in: until then you may only leave');
  if (changesForAll.has(request.do)) {
    const retryMs = session.mayChange();
    if (retryMs > 0) throw new RequestError('tooMany', 'Everybody is told of this: not so often', retryMs);
  }
  return isHosts(request) ? performAsHost(seat.host, request) : performMedia(session, request);
}

type HostRequest = Extract<Request, { do: 'admit' | 'refuse' | 'expel' | 'mute' | 'muteAll' | 'lock' | 'invite' | 'end' }>;
type MediaRequest = Exclude<Request, HostRequest | { do: 'join' } | { do: 'leave' }>;

const hostRequests: ReadonlySet<string> = new Set(['admit', 'refuse', 'expel', 'mute', 'muteAll', 'lock', 'invite', 'end']);

/** What one participant does and all others are told of. */
const changesForAll: ReadonlySet<string> = new Set(['produce', 'closeStream', 'pauseStream']);

function isHosts(request: HostRequest | MediaRequest): request is HostRequest {
  return hostRequests.has(request.do);
}

async function performAsHost(host: HostControls | undefined, request: HostRequest): Promise<Answer> {
  if (!host) throw new RequestError('notHost', 'Only a host may do this');
  switch (request.do) {
    case 'admit':
    case 'refuse':
    case 'expel':
      return found(host[request.do](request.participant));
    case 'mute':
      return found(host.mute(request.participant, request.source, request.muted ?? true));
    case 'muteAll':
      host.muteAll();
      return undefined;
    case 'lock':
      host.lock(request.locked);
      return undefined;
    case 'invite': {
      const refusal = await host.invite(request.address);
      if (refusal) throw refused(refusal);
      return undefined;
    }
    case 'end':
      setImmediate(() => host.end());
      return undefined;
  }
}

function found(known: boolean): undefined {
  if (!known) throw new RequestError('participantUnknown', 'There is no such participant (any more)');
}

async function performMedia(session: Session, request: MediaRequest): Promise<Answer> {
  const { seat } = session;
  const media = await session.media();
  switch (request.do) {
    case 'openTransport': {
      const { id, iceParameters, iceCandidates, dtlsParameters } = await media.openTransport(request.direction);
      return { transport: id, iceParameters, iceCandidates, dtlsParameters };
    }
    case 'connectTransport':
      // mediasoup checks what is in there, and rejects what it does not like.
      await media.connectTransport(request.transport, request.dtlsParameters as unknown as DtlsParameters);
      seat.secured('DTLS-SRTP');
      return undefined;
    case 'restartIce':
      return { iceParameters: await media.restartIce(request.transport) };
    case 'produce': {
      const stream = await media.produce(request.transport, request.source, request.rtpParameters as unknown as RtpParameters);
      return { stream };
    }
    case 'closeStream':
      await media.closeStream(request.source);
      return undefined;
    case 'pauseStream':
      await media.pauseStream(request.source, request.paused);
      seat.ownMute(request.source, request.paused);
      return undefined;
    case 'consume': {
      const { stream } = request;
      if (!seat.view().participants.some(({ streams }) => streams.some(({ id }) => id === stream))) {
        throw new RequestError('streamUnknown', 'Nobody sends this stream (any more)');
      }
      const { id, producerId, kind, rtpParameters, layers } = await media.consume(
        request.transport,
        stream,
        request.rtpCapabilities as unknown as RtpCapabilities,
      );
      session.consuming(id, stream);
      return { consumer: id, stream, producerId, kind, rtpParameters, layers };
    }
    case 'resumeConsumer':
      await media.resumeConsumer(request.consumer);
      return undefined;
    case 'pauseConsumer':
      await media.pauseConsumer(request.consumer);
      return undefined;
    case 'preferLayer':
      await media.preferLayer(request.consumer, request.spatial);
      return undefined;
    case 'closeConsumer':
      session.consumerClosed(request.consumer);
      await media.closeConsumer(request.consumer);
      return undefined;
    case 'quality':
      media.reportQuality({ freezes: Math.min(request.freezes, MOST_FREEZES) });
      return undefined;
  }
}
