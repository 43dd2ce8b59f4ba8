import { useEffect, useRef } from 'preact/hooks';
import { watchLevel } from '../media/level.js';
import { OWN_MICROPHONE } from '../media/track-board.js';
import { useTexts, useTrack } from './hooks.js';

/** How loud one's own microphone is. Drawn past the component's state: it moves with every frame. */
export function LevelMeter() {
  const texts = useTexts();
  const track = useTrack(OWN_MICROPHONE);
  const meter = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    if (!track) return;
    return watchLevel(track, (level) => {
      if (meter.current) meter.current.value = level;
    });
  }, [track]);
  return <meter ref={meter} class="level" min={0} max={1} value={0} aria-label={texts.join.level} />;
}
