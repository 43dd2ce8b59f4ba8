import { useState } from 'preact/hooks';
import { Button } from './buttons.js';
import { DeviceChoice } from './device-choice.js';
import { Field } from './field.js';
import { useAppState, useSession, useTexts } from './hooks.js';
import { LanguageSwitch } from './language-switch.js';
import { Modal } from './modal.js';

/** The dialog that is open, if one is. */
export function Dialogs() {
  const { dialog } = useAppState();
  if (dialog === undefined) return null;
  if (dialog === 'settings') return <SettingsDialog />;
  if (dialog === 'invite') return <InviteDialog />;
  return dialog === 'end' ? <EndDialog /> : <ExpelDialog participant={dialog.expel} />;
}

function useClose(): () => void {
  const { store } = useSession();
  return () => store.dispatch({ do: 'dialog', dialog: undefined });
}

function SettingsDialog() {
  const texts = useTexts();
  return (
    <Modal heading={texts.settings.heading} onClose={useClose()}>
      <DeviceChoice />
      <div class="field">
        <span class="label">{texts.settings.language}</span>
        <LanguageSwitch />
      </div>
      <p class="hint">{texts.controls.talkHint}</p>
    </Modal>
  );
}

function InviteDialog() {
  const session = useSession();
  const texts = useTexts();
  const close = useClose();
  const [address, setAddress] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    const wanted = address.trim();
    if (wanted === '') return;
    close();
    void session.command('invite', { address: wanted });
  };
  return (
    <Modal heading={texts.invite.heading} onClose={close}>
      <form onSubmit={submit} noValidate>
        <Field name="address" label={texts.invite.address} hint={texts.invite.hint} value={address} onInput={setAddress} maxLength={128} />
        <div class="choices">
          <Button onClick={close}>{texts.controls.cancel}</Button>
          <Button type="submit" kind="primary" icon="phone">
            {texts.invite.submit}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function EndDialog() {
  const session = useSession();
  const texts = useTexts();
  const close = useClose();
  return (
    <Modal heading={texts.end.heading} onClose={close}>
      <p>{texts.end.text}</p>
      <div class="choices">
        <Button onClick={close}>{texts.controls.cancel}</Button>
        <Button onClick={() => session.leave()}>{texts.end.leaveOnly}</Button>
        <Button
          kind="danger"
          onClick={() => {
            close();
            void session.end();
          }}
        >
          {texts.end.endForAll}
        </Button>
      </div>
    </Modal>
  );
}

function ExpelDialog({ participant }: { readonly participant: string }) {
  const session = useSession();
  const { participants } = useAppState();
  const texts = useTexts();
  const close = useClose();
  const name = participants.find(({ id }) => id === participant)?.name ?? '';
  return (
    <Modal heading={texts.expel.heading(name)} onClose={close}>
      <p>{texts.expel.text}</p>
      <div class="choices">
        <Button onClick={close}>{texts.controls.cancel}</Button>
        <Button
          kind="danger"
          onClick={() => {
            close();
            void session.command('expel', { participant });
          }}
        >
          {texts.expel.submit}
        </Button>
      </div>
    </Modal>
  );
}
