import { useEffect, useRef } from 'preact/hooks';
import { OWN_CAMERA } from '../media/track-board.js';
import type { Tile as TileModel } from '../model/stage.js';
import { classes, useAppState, useSession, useTexts, useTrack } from './hooks.js';
import { Icon } from './icons.js';
import { hueOf, initials } from './initials.js';
import { Picture } from './picture.js';

/** From this width on, in CSS pixels, the small layer of a camera looks blurred. */
const LARGE_FROM = 480;

interface TileProps {
  readonly tile: TileModel;
  readonly enlarged?: boolean;
}

/** One participant's picture, or the slides that he shows. */
export function Tile({ tile, enlarged = false }: TileProps) {
  const { participant, source, own } = tile;
  const state = useAppState();
  const texts = useTexts();
  const element = useRef<HTMLLIElement>(null);
  const ownCamera = own && source === 'camera';
  const track = useTrack(ownCamera ? OWN_CAMERA : tile.stream);
  useLooking(element, own ? undefined : tile.stream, enlarged);

  const speaks = source === 'camera' && state.speaking.includes(participant.id);
  const muted = own ? !state.devices.microphone.on || !state.devices.microphone.live || participant.muted.host : isMuted(participant);
  const name = own ? texts.meeting.you : participant.name;
  const label = source === 'slides' ? texts.meeting.slidesOf(participant.name) : name;
  const encrypted = participant.cipher !== '';
  const hasPicture = track !== undefined && (own || tile.stream !== undefined);
  return (
    <li ref={element} class={classes('tile', source, speaks && 'speaks', enlarged && 'enlarged')} data-participant={participant.id}>
      {hasPicture ? (
        <Picture track={track} mirrored={own} whole={source === 'slides' || participant.kind === 'room'} label={label} />
      ) : (
        <span class="face" data-hue={hueOf(participant.id)} aria-hidden="true">
          {initials(participant.name)}
        </span>
      )}
      <span class="nameplate">
        {source === 'camera' && muted && (
          <>
            <Icon name="microphoneOff" />
            <span class="spoken">{participant.muted.host ? texts.meeting.mutedByHost : texts.meeting.muted}</span>
          </>
        )}
        <span class="name">{label}</span>
        {speaks && <span class="speaking">{texts.meeting.speaking}</span>}
        <Icon name={encrypted ? 'lock' : 'unlock'} />
        <span class="spoken">{encrypted ? texts.meeting.encrypted(participant.cipher) : texts.meeting.notEncrypted}</span>
        {!hasPicture && <span class="spoken">{texts.meeting.noCamera}</span>}
      </span>
    </li>
  );
}

const isMuted = ({ muted, streams }: TileModel['participant']): boolean =>
  muted.self || muted.host || !streams.some(({ source }) => source === 'microphone');

/** Tells the media how the picture is looked at: out of sight it is paused, and a small one comes as the small layer. */
function useLooking(element: { readonly current: HTMLElement | null }, stream: string | undefined, enlarged: boolean): void {
  const session = useSession();
  useEffect(() => {
    const tile = element.current;
    if (!tile || stream === undefined) return;
    let visible = true;
    let large = enlarged;
    const tell = () => session.look(stream, { visible, large });
    const intersection = new IntersectionObserver((entries) => {
      const last = entries.at(-1);
      if (!last || last.isIntersecting === visible) return;
      visible = last.isIntersecting;
      tell();
    });
    const size = new ResizeObserver(([entry]) => {
      const now = enlarged || (entry?.contentRect.width ?? 0) >= LARGE_FROM;
      if (now === large) return;
      large = now;
      tell();
    });
    tell();
    intersection.observe(tile);
    size.observe(tile);
    return () => {
      intersection.disconnect();
      size.disconnect();
      session.look(stream, undefined);
    };
  }, [session, stream, enlarged]);
}
