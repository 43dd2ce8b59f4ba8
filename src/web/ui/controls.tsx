import { present, waiting } from '../model/stage.js';
import { Control } from './buttons.js';
import { PEOPLE_BUTTON } from './focus-rescue.js';
import { useAppState, useSession, useTexts } from './hooks.js';

/** The buttons at the bottom: what one does again and again in a meeting. */
export function Controls() {
  const session = useSession();
  const state = useAppState();
  const texts = useTexts();
  const { microphone, camera } = state.devices;
  const speaks = microphone.on && microphone.live;
  const shows = camera.on && camera.live;
  const canShare = 'mediaDevices' in navigator && 'getDisplayMedia' in navigator.mediaDevices;
  const isHost = state.role === 'host';
  return (
    <nav class="controls" aria-label={texts.controls.label}>
      <Control
        icon={speaks ? 'microphone' : 'microphoneOff'}
        tone={speaks ? 'plain' : 'off'}
        label={speaks ? texts.controls.mute : texts.controls.unmute}
        short={texts.shortControls.microphone}
        onClick={() => void session.devices.setOn('microphone', !speaks)}
      />
      <Control
        icon={shows ? 'camera' : 'cameraOff'}
        tone={shows ? 'plain' : 'off'}
        label={shows ? texts.controls.cameraOff : texts.controls.cameraOn}
        short={texts.shortControls.camera}
        onClick={() => void session.devices.setOn('camera', !shows)}
      />
      {canShare && (
        <Control
          icon="share"
          tone={state.sharing ? 'active' : 'plain'}
          label={state.sharing ? texts.controls.stopSharing : texts.controls.share}
          short={state.sharing ? texts.shortControls.stopSharing : texts.shortControls.share}
          onClick={() => (state.sharing ? session.stopSharing() : void session.startSharing())}
        />
      )}
      <Control
        id={PEOPLE_BUTTON}
        icon="people"
        tone={state.panelOpen ? 'active' : 'plain'}
        label={texts.people.heading(present(state).length)}
        short={texts.shortControls.participants}
        expanded={state.panelOpen}
        badge={isHost ? waiting(state).length : 0}
        onClick={() => session.store.dispatch({ do: 'panel', open: !state.panelOpen })}
      />
      <Control
        icon="leave"
        tone="danger"
        label={texts.controls.leave}
        short={texts.shortControls.leave}
        onClick={() => (isHost ? session.store.dispatch({ do: 'dialog', dialog: 'end' }) : session.leave())}
      />
    </nav>
  );
}
