import { useAppState, useTexts } from './hooks.js';

/** Says that the connection broke, for as long as it is broken. */
export function ConnectionBanner() {
  const { connection } = useAppState();
  const texts = useTexts();
  return (
    <div role="alert" class="banner-region">
      {!connection.open && <p class="banner urgent">{texts.meeting.reconnecting(connection.attempt)}</p>}
    </div>
  );
}
