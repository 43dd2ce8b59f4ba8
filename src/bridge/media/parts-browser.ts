import type { DtlsParameters, IceParameters, RtpCapabilities, RtpParameters } from 'mediasoup/types';
import { pageCodec } from './codecs.js';
import type { BrowserConsumer, BrowserMedia, BrowserTransport, ParticipantId, StreamId, StreamSource } from './media.js';
import type { PartApi } from './part-api.js';
import { askFor, type Leg } from './parts-leg.js';
import type { MeetingRun } from './parts-run.js';

/** A browser's leg, as the signalling sees it. */
export class BrowserAtPart implements BrowserMedia {
  readonly #run: MeetingRun;
  readonly #leg: Leg;

  constructor(run: MeetingRun, leg: Leg) {
    this.#run = run;
    this.#leg = leg;
  }

  openTransport(direction: 'send' | 'receive'): Promise<BrowserTransport> {
    return this.#ask((api, participant) => api.openBrowserTransport(participant, direction));
  }

  connectTransport(transport: string, dtls: DtlsParameters): Promise<void> {
    return this.#ask((api, participant) => api.connectBrowserTransport(participant, transport, dtls));
  }

  restartIce(transport: string): Promise<IceParameters> {
    return this.#ask((api, participant) => api.restartIce(participant, transport));
  }

  produce(transport: string, source: StreamSource, rtpParameters: RtpParameters): Promise<StreamId> {
    return this.#ask(async (api, participant) => {
      this.#run.mustTake(pageCodec(source, rtpParameters));
      return api.produce(participant, transport, source, rtpParameters);
    });
  }

  closeStream(source: StreamSource): Promise<void> {
    return this.#ask((api, participant) => api.closeStream(participant, source));
  }

  pauseStream(source: StreamSource, paused: boolean): Promise<void> {
    return this.#ask((api, participant) => api.pauseStream(participant, source, 'self', paused));
  }

  consume(transport: string, stream: StreamId, capabilities: RtpCapabilities): Promise<BrowserConsumer> {
    return this.#ask((api, participant) =>
      this.#run.receivers.receive(this.#leg, stream, () => api.consume(participant, transport, stream, capabilities)),
    );
  }

  async resumeConsumer(consumer: string): Promise<void> {
    await this.#ask((api, participant) => api.resumeConsumer(participant, consumer));
    this.#run.resumed(this.#leg, consumer);
  }

  pauseConsumer(consumer: string): Promise<void> {
    return this.#ask((api, participant) => api.pauseConsumer(participant, consumer));
  }

  preferLayer(consumer: string, spatial: number): Promise<void> {
    return this.#ask((api, participant) => api.preferLayer(participant, consumer, spatial));
  }

  async closeConsumer(consumer: string): Promise<void> {
    await this.#ask((api, participant) => api.closeConsumer(participant, consumer));
    this.#run.receivers.received(this.#leg, consumer);
  }

  reportQuality({ freezes }: { readonly freezes: number }): void {
    this.#run.froze(this.#leg, freezes);
  }

  close(): Promise<void> {
    return this.#run.remove(this.#leg);
  }

  #ask<Result>(ask: (api: PartApi, participant: ParticipantId) => Promise<Result>): Promise<Result> {
    const { part, participant } = this.#leg;
    return askFor(this.#leg, () => ask(part.api, participant));
  }
}
