/** Milliseconds of sound that are mixed, encoded and sent at a time. */
export const FRAME_MS = 20;

/**
 * The rate at which everything is mixed: that of Opus, which every meeting with a browser in it listens in. To mix telephones alone at their
 * own rate would save about what one Opus output costs, and need a second way through the mix.
 */
export const MIX_RATE = 48_000;
export const MIX_SAMPLES = (MIX_RATE * FRAME_MS) / 1000;
