export interface Grid {
  readonly columns: number;
  /** In CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** More tiles than fit: the grid scrolls. */
  readonly scrolls: boolean;
}

const RATIO = 16 / 9;

/**
 * The columns that let `count` tiles of 16:9 be largest in a room of `width` x `height` CSS pixels, and how large they are. Tiles never get
 * narrower than `smallest`: then the grid scrolls.
 */
export function fitGrid(count: number, width: number, height: number, gap: number, smallest: number): Grid {
  const tiles = Math.max(1, count);
  let best: Grid | undefined;
  for (let columns = 1; columns <= tiles; columns += 1) {
    const rows = Math.ceil(tiles / columns);
    const byWidth = (width - gap * (columns - 1)) / columns;
    const byHeight = ((height - gap * (rows - 1)) / rows) * RATIO;
    const tile = Math.floor(Math.min(byWidth, byHeight));
    if (tile > (best?.width ?? 0)) best = { columns, width: tile, height: Math.floor(tile / RATIO), scrolls: false };
  }
  if (best && best.width >= Math.min(smallest, width)) return best;
  const columns = Math.max(1, Math.floor((width + gap) / (smallest + gap)));
  const tile = Math.max(1, Math.floor((width - gap * (columns - 1)) / columns));
  return { columns, width: tile, height: Math.floor(tile / RATIO), scrolls: true };
}
