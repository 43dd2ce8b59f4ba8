import { useEffect, useRef } from 'preact/hooks';
import { soundsOf } from '../model/stage.js';
import { Button } from './buttons.js';
import { useAppState, useSession, useTexts, useTrack } from './hooks.js';

/** Plays everybody else, and offers a button where the browser wants a click before it plays anything. */
export function Sounds() {
  const session = useSession();
  const state = useAppState();
  const texts = useTexts();
  const players = useRef<HTMLDivElement>(null);
  const turnOn = () => {
    for (const player of players.current?.querySelectorAll('audio') ?? []) player.play().catch(() => undefined);
    session.store.dispatch({ do: 'soundBlocked', blocked: false });
  };
  return (
    <>
      <div ref={players} hidden>
        {soundsOf(state).map((stream) => (
          <Sound key={stream} stream={stream} speakers={state.devices.speakers.chosen} />
        ))}
      </div>
      {state.soundBlocked && (
        <div class="banner urgent" role="alert">
          <Button kind="primary" icon="sound" onClick={turnOn}>
            {texts.controls.soundOn}
          </Button>
        </div>
      )}
    </>
  );
}

function Sound({ stream, speakers }: { readonly stream: string; readonly speakers: string | undefined }) {
  const { store } = useSession();
  const track = useTrack(stream);
  const audio = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const element = audio.current;
    if (!element || !track) return;
    element.srcObject = new MediaStream([track]);
    element.play().catch((error: unknown) => {
      const isBlocked = error instanceof DOMException && error.name === 'NotAllowedError';
      if (isBlocked) store.dispatch({ do: 'soundBlocked', blocked: true });
    });
    return () => {
      element.srcObject = null;
    };
  }, [track]);
  useEffect(() => {
    const element = audio.current;
    // Unplugged since it was chosen: the browser goes on with the system's own.
    if (element && 'setSinkId' in element) element.setSinkId(speakers ?? '').catch(() => undefined);
  }, [speakers]);
  // biome-ignore lint/a11y/useMediaCaption: what people say to each other now has no captions yet
  return <audio ref={audio} autoplay />;
}
