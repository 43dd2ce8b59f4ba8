import { useEffect, useState } from 'preact/hooks';
import { useAppState, useTexts } from './hooks.js';

/** Only who keeps speaking is announced: who says "mm" in between should not interrupt a screen reader. */
const STEADY_MS = 1_500;

/** Who speaks, for screen readers. */
export function SpeakingAnnouncer() {
  const { speaking, participants, me } = useAppState();
  const texts = useTexts();
  const names = participants.filter(({ id }) => id !== me && speaking.includes(id)).map(({ name }) => name);
  const sentence = names.length === 0 ? '' : texts.meeting.nowSpeaking(names);
  const [said, setSaid] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSaid(sentence), STEADY_MS);
    return () => clearTimeout(timer);
  }, [sentence]);
  return (
    <p class="spoken" role="status">
      {said}
    </p>
  );
}
