import { Button } from './buttons.js';
import { ConnectionBanner } from './connection-banner.js';
import { DeviceChoice } from './device-choice.js';
import { useAppState, useFocusOnArrival, useSession, useTexts } from './hooks.js';
import { Icon } from './icons.js';
import { Preview } from './preview.js';

/** Waiting for a host. */
export function LobbyScreen() {
  const session = useSession();
  const { title } = useAppState();
  const texts = useTexts();
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  return (
    <main class="join">
      <ConnectionBanner />
      <div class="brand">
        <Icon name="shield" />
        <span>{title}</span>
      </div>
      <div class="join-card">
        <Preview />
        <div class="join-form">
          <h1 ref={heading} tabIndex={-1}>
            {texts.lobby.heading}
          </h1>
          <p class="waiting" role="status">
            <Icon name="wait" />
            <span>{texts.lobby.text}</span>
          </p>
          <Button icon="leave" onClick={() => session.leave()}>
            {texts.controls.leave}
          </Button>
        </div>
        <section class="join-devices" aria-label={texts.devices.heading}>
          <DeviceChoice />
        </section>
      </div>
    </main>
  );
}
