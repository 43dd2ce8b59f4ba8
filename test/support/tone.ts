/** A WAV file of one sine at a third of full scale, mono, 16 bits. */
export function toneFile(hertz: number, seconds: number, rate: number): Buffer {
  const samples = Buffer.alloc(seconds * rate * 2);
  for (let at = 0; at < samples.length / 2; at++)
    samples.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * hertz * at) / rate)), at * 2);
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // linear PCM
  header.writeUInt16LE(1, 22); // one channel
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}

/** The amplitude of one sine in these samples, full scale 32,768 (Goertzel's algorithm with a Hann window, so that others do not leak in). */
export function amplitude(samples: Int16Array, rate: number, hertz: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / rate);
  let before = 0;
  let last = 0;
  samples.forEach((sample, at) => {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / samples.length);
    [before, last] = [last, sample * window + turn * last - before];
  });
  const power = last * last + before * before - turn * last * before;
  // The window takes half of the amplitude, and half of what is left stands at the negative frequency.
  return (4 * Math.sqrt(Math.max(0, power))) / samples.length;
}
