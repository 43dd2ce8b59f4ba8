import { useEffect, useRef, useState } from 'preact/hooks';
import { fitGrid } from '../model/grid.js';
import { stage } from '../model/stage.js';
import { classes, useAppState, useTexts } from './hooks.js';
import { Tile } from './tile.js';

const GAP = 8;
const SMALLEST = 200;
/** Below this width a name has the nameplate for itself. */
const NARROW = 260;

/** All pictures: a grid, or one large with the others beside it. */
export function Stage() {
  const state = useAppState();
  const texts = useTexts();
  const { large, small } = stage(state);
  const room = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = room.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const grid = fitGrid(small.length, size.width, size.height, GAP, Math.min(SMALLEST, size.width * 0.45));
  const alone = small.length === 1 && !large && small[0]?.own;
  return (
    <section class={classes('stage', large ? 'with-large' : 'all-same')} aria-label={texts.meeting.stage} ref={room}>
      {alone && <p class="alone">{texts.meeting.alone}</p>}
      {large && (
        <ul class="large">
          <Tile key={large.key} tile={large} enlarged />
        </ul>
      )}
      <ul
        class={classes('tiles', !large && grid.scrolls && 'scrolls', (large !== undefined || grid.width < NARROW) && 'narrow')}
        style={large ? {} : { '--columns': String(grid.columns), '--tile-width': `${grid.width}px` }}
        // Scrolled by keyboard where it scrolls.
        tabIndex={large || grid.scrolls ? 0 : undefined}
        aria-label={texts.meeting.stage}
      >
        {small.map((tile) => (
          <Tile key={tile.key} tile={tile} />
        ))}
      </ul>
    </section>
  );
}
