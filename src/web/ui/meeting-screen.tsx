import { waiting } from '../model/stage.js';
import { Button, Control } from './buttons.js';
import { ConnectionBanner } from './connection-banner.js';
import { Controls } from './controls.js';
import { DeviceTrouble } from './device-choice.js';
import { Dialogs } from './dialogs.js';
import { useFocusRescue } from './focus-rescue.js';
import { classes, useAppState, useFocusOnArrival, useSession, useTexts } from './hooks.js';
import { Icon, QualityBars } from './icons.js';
import { PeoplePanel } from './people-panel.js';
import { useShortcuts } from './shortcuts.js';
import { Sounds } from './sounds.js';
import { SpeakingAnnouncer } from './speaking.js';
import { Stage } from './stage.js';

const BARS = { good: 3, fair: 2, poor: 1 } as const;

/** The meeting itself. */
export function MeetingScreen() {
  const session = useSession();
  const state = useAppState();
  const texts = useTexts();
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  useShortcuts();
  useFocusRescue();
  const { title, quality, locked, view, role, panelOpen } = state;
  const inLobby = waiting(state).length;
  return (
    <div class={classes('meeting', panelOpen && 'with-people')}>
      <header class="top">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <ul class="facts">
          <li title={texts.meeting.meetingEncrypted}>
            <Icon name="shield" />
            <span>{texts.meeting.meetingEncrypted}</span>
          </li>
          {locked && (
            <li title={texts.meeting.locked}>
              <Icon name="lock" />
              <span>{texts.meeting.locked}</span>
            </li>
          )}
          {quality && (
            <li class={classes('quality', quality)} title={texts.meeting.quality[quality]}>
              <QualityBars filled={BARS[quality]} />
              <span role="status">{texts.meeting.quality[quality]}</span>
            </li>
          )}
        </ul>
        <div class="top-controls">
          <Control
            icon={view === 'grid' ? 'speaker' : 'grid'}
            label={view === 'grid' ? texts.controls.speakerView : texts.controls.gridView}
            onClick={() => session.setView(view === 'grid' ? 'speaker' : 'grid')}
          />
          <Control
            icon="settings"
            label={texts.controls.settings}
            onClick={() => session.store.dispatch({ do: 'dialog', dialog: 'settings' })}
          />
        </div>
      </header>
      <main class="room">
        <ConnectionBanner />
        {state.sharing && (
          <p class="banner">
            <Icon name="share" />
            <span>{texts.meeting.youShare}</span>
            <Button onClick={() => session.stopSharing()}>{texts.controls.stopSharing}</Button>
          </p>
        )}
        {role === 'host' && inLobby > 0 && !panelOpen && (
          <p class="banner">
            <Icon name="wait" />
            <span>{texts.meeting.waiting(inLobby)}</span>
            <Button kind="primary" onClick={() => session.store.dispatch({ do: 'panel', open: true })}>
              {texts.meeting.showWaiting}
            </Button>
          </p>
        )}
        {state.devices.microphone.on && <DeviceTrouble kind="microphone" />}
        {state.devices.camera.on && <DeviceTrouble kind="camera" />}
        <Sounds />
        <Stage />
        <SpeakingAnnouncer />
      </main>
      {panelOpen && <PeoplePanel />}
      <Controls />
      <Dialogs />
    </div>
  );
}
