/**
 * Watches how loud a microphone is.
 *
 * @param heard called with every frame of the screen: 0 is silence, 1 as loud as it gets
 * @returns what ends it
 */
export function watchLevel(track: MediaStreamTrack, heard: (level: number) => void): () => void {
  const context = new AudioContext();
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = new AnalyserNode(context, { fftSize: 512, smoothingTimeConstant: 0 });
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let level = 0;
  let frame = requestAnimationFrame(function look() {
    analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    // -50 dB is a quiet room, -10 dB somebody who speaks loudly.
    const decibel = 10 * Math.log10(sum / samples.length + 1e-10);
    const now = Math.min(1, Math.max(0, (decibel + 50) / 40));
    // Up at once and slowly down, as meters are read.
    level = Math.max(now, level * 0.92);
    heard(level);
    frame = requestAnimationFrame(look);
  });
  // A browser that wants a click first shows a still meter until then.
  context.resume().catch(() => undefined);
  return () => {
    cancelAnimationFrame(frame);
    source.disconnect();
    context.close().catch(() => undefined);
  };
}
