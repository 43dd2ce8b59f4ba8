import { useEffect, useRef } from 'preact/hooks';
import { classes } from './hooks.js';

interface PictureProps {
  readonly track: MediaStreamTrack;
  readonly mirrored?: boolean;
  /** Shown whole, as slides must be; a face may lose its edges. */
  readonly whole?: boolean;
  readonly label: string;
}

/** A moving picture without sound: sounds are played apart from it (`sounds.tsx`), so that every picture may begin by itself. */
export function Picture({ track, mirrored = false, whole = false, label }: PictureProps) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    if (!element) return;
    element.srcObject = new MediaStream([track]);
    // Muted videos may play; a refusal here means that the element has gone meanwhile.
    element.play().catch(() => undefined);
    return () => {
      element.srcObject = null;
    };
  }, [track]);
  return (
    <video ref={video} class={classes('picture', mirrored && 'mirrored', whole && 'whole')} autoplay playsInline muted aria-label={label} />
  );
}
