import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ffmpeg = ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y'];

export type Colour = 'red' | 'green' | 'blue' | 'yellow' | 'grey';

/** In sRGB. */
export const colours: Readonly<Record<Colour, readonly [number, number, number]>> = {
  red: [200, 20, 20],
  green: [20, 160, 20],
  blue: [20, 20, 200],
  yellow: [200, 200, 20],
  grey: [128, 128, 128],
};

/**
 * Two minutes of one colour with noise that moves, so that encoding it takes more than a few bytes a picture. No shorter: baresip 1.0 stands still
 * for seconds each time that it begins a film again.
 */
export async function makeFilm(file: string, colour: Colour): Promise<void> {
  const hex = colours[colour].map((part) => part.toString(16).padStart(2, '0')).join('');
  const source = `color=c=0x${hex}:s=176x144:r=10,noise=alls=12:allf=t`;
  const short = `${file}.short.avi`;
  await run('ffmpeg', [...ffmpeg, '-f', 'lavfi', '-i', source, '-t', '2', '-c:v', 'mjpeg', '-q:v', '4', short]);
  await run('ffmpeg', [...ffmpeg, '-stream_loop', '59', '-i', short, '-c', 'copy', file]);
}

/** Which colour a picture, or the last picture of a film, comes nearest to: decoded by ffmpeg, its mean. */
export async function colourOf(file: string): Promise<Colour> {
  const args = [...ffmpeg, '-i', file, '-vf', 'scale=1:1:flags=area', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'];
  const { stdout } = await run('ffmpeg', args, { encoding: 'buffer' });
  if (stdout.length < 3) throw new Error(`ffmpeg found no picture in ${file}`);
  const mean = stdout.subarray(-3);
  return nearestColour(mean);
}

export function nearestColour(mean: ArrayLike<number>): Colour {
  const distance = (colour: Colour): number => colours[colour].reduce((sum, part, index) => sum + (part - (mean[index] ?? 0)) ** 2, 0);
  return (Object.keys(colours) as Colour[]).reduce((best, colour) => (distance(colour) < distance(best) ? colour : best));
}
