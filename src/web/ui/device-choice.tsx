import { remember } from '../app/memory.js';
import type { DeviceChoice as Choice } from '../model/state.js';
import { Button } from './buttons.js';
import { Select } from './field.js';
import { useAppState, useSession, useTexts } from './hooks.js';

/** Which camera, microphone and speakers, and what is wrong with them. */
export function DeviceChoice() {
  const session = useSession();
  const { devices } = useAppState();
  const texts = useTexts();
  const choose = (kind: 'microphone' | 'camera') => (id: string) => {
    remember(kind, id);
    void session.devices.choose(kind, id);
  };
  const chooseSpeakers = (id: string) => {
    remember('speakers', id);
    session.store.dispatch({ do: 'speakers', change: { chosen: id === '' ? undefined : id } });
  };
  return (
    <div class="devices">
      {(['microphone', 'camera'] as const).map((kind) => (
        <div key={kind}>
          {devices[kind].choices.length > 0 && (
            <Choices label={texts.devices[kind]} choices={devices[kind].choices} chosen={devices[kind].chosen} onChoose={choose(kind)} />
          )}
          <DeviceTrouble kind={kind} />
        </div>
      ))}
      {devices.speakers.choices.length > 0 && (
        <Choices
          label={texts.devices.speakers}
          choices={devices.speakers.choices}
          chosen={devices.speakers.chosen}
          onChoose={chooseSpeakers}
        />
      )}
    </div>
  );
}

/** Why a device gives nothing, in plain words, and a way to try again. */
export function DeviceTrouble({ kind }: { readonly kind: 'microphone' | 'camera' }) {
  const session = useSession();
  const { problem } = useAppState().devices[kind];
  const texts = useTexts();
  if (problem === undefined) return null;
  const sentence = kind === 'microphone' ? texts.devices.microphoneProblem[problem] : texts.devices.cameraProblem[problem];
  return (
    <div class="trouble" role="alert">
      <p>{sentence}</p>
      {problem !== 'unsupported' && (
        <Button label={`${texts.devices.tryAgain}: ${texts.devices[kind]}`} onClick={() => void session.devices.retry(kind)}>
          {texts.devices.tryAgain}
        </Button>
      )}
    </div>
  );
}

interface ChoicesProps {
  readonly label: string;
  readonly choices: readonly Choice[];
  readonly chosen: string | undefined;
  readonly onChoose: (id: string) => void;
}

function Choices({ label, choices, chosen, onChoose }: ChoicesProps) {
  const texts = useTexts();
  const isListed = choices.some(({ id }) => id === chosen);
  return (
    <Select label={label} value={isListed ? (chosen ?? '') : ''} onChange={onChoose}>
      {!isListed && <option value="">{texts.devices.byDefault}</option>}
      {choices.map((choice, index) => (
        <option key={choice.id} value={choice.id}>
          {choice.label === '' ? texts.devices.unnamed(index + 1) : choice.label}
        </option>
      ))}
    </Select>
  );
}
