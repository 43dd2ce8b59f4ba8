import { OWN_CAMERA } from '../media/track-board.js';
import { Control } from './buttons.js';
import { useAppState, useSession, useTexts, useTrack } from './hooks.js';
import { Icon } from './icons.js';
import { LevelMeter } from './level-meter.js';
import { Picture } from './picture.js';

/** One's own picture and sound before anybody else has them, with the two switches. */
export function Preview() {
  const session = useSession();
  const { devices } = useAppState();
  const texts = useTexts();
  const track = useTrack(OWN_CAMERA);
  const { microphone, camera } = devices;
  return (
    <div class="preview">
      {track ? (
        <Picture track={track} mirrored label={texts.join.preview} />
      ) : (
        <p class="no-picture">
          <Icon name="cameraOff" />
          {texts.join.noPicture}
        </p>
      )}
      <div class="preview-controls">
        <Control
          icon={microphone.on && microphone.live ? 'microphone' : 'microphoneOff'}
          tone={microphone.on && microphone.live ? 'plain' : 'off'}
          label={microphone.on && microphone.live ? texts.controls.mute : texts.controls.unmute}
          onClick={() => void session.devices.setOn('microphone', !(microphone.on && microphone.live))}
        />
        <Control
          icon={camera.on && camera.live ? 'camera' : 'cameraOff'}
          tone={camera.on && camera.live ? 'plain' : 'off'}
          label={camera.on && camera.live ? texts.controls.cameraOff : texts.controls.cameraOn}
          onClick={() => void session.devices.setOn('camera', !(camera.on && camera.live))}
        />
        <LevelMeter />
      </div>
    </div>
  );
}
