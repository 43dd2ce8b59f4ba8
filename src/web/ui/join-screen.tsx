import { useEffect, useRef, useState } from 'preact/hooks';
import { recall } from '../app/memory.js';
import { problemText } from '../language/notice-text.js';
import { readTyped } from '../model/link.js';
import { Button } from './buttons.js';
import { DeviceChoice } from './device-choice.js';
import { Field } from './field.js';
import { useAppState, useFocusOnArrival, useSession, useTexts } from './hooks.js';
import { Icon } from './icons.js';
import { LanguageSwitch } from './language-switch.js';
import { Preview } from './preview.js';

type Wrong = 'meeting' | 'name' | 'pin';

/** The first screen: which meeting, who one is, and how one looks and sounds. */
export function JoinScreen() {
  const session = useSession();
  const state = useAppState();
  const texts = useTexts();
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  const form = useRef<HTMLFormElement>(null);
  const linked = state.key !== undefined;
  const [meeting, setMeeting] = useState(state.meeting);
  const [name, setName] = useState(recall('name') ?? '');
  const [pin, setPin] = useState('');
  const [wrong, setWrong] = useState<Wrong | undefined>(undefined);
  const { pinNeeded, busy, problem } = state.joining;

  useEffect(() => {
    if (problem && pinNeeded) form.current?.querySelector<HTMLInputElement>('input[name=pin]')?.focus();
  }, [problem]);

  const submit = (event: Event) => {
    event.preventDefault();
    if (busy) return;
    const typed = linked ? { meeting: state.meeting, key: state.key } : readTyped(meeting);
    const first = mistake(typed.meeting, name, pin, pinNeeded);
    setWrong(first);
    if (first) return form.current?.querySelector<HTMLInputElement>(`input[name=${first}]`)?.focus();
    const digits = pin.replace(/\s/g, '');
    void session.join({ ...typed, name: name.trim(), pin: digits === '' ? undefined : digits });
  };

  return (
    <main class="join">
      <div class="brand">
        <Icon name="shield" />
        <span>Portvakt</span>
        <LanguageSwitch />
      </div>
      <div class="join-card">
        <Preview />
        <div class="join-form">
          <h1 ref={heading} tabIndex={-1}>
            {texts.join.heading}
          </h1>
          <div role="alert" class="problem-region">
            {problem && <p class="problem">{problemText(texts, problem)}</p>}
          </div>
          <form ref={form} onSubmit={submit} noValidate>
            {!linked && (
              <Field
                name="meeting"
                label={texts.join.meeting}
                hint={texts.join.meetingHint}
                error={wrong === 'meeting' ? texts.join.needMeeting : undefined}
                value={meeting}
                onInput={setMeeting}
                maxLength={400}
              />
            )}
            <Field
              name="name"
              label={texts.join.name}
              hint={texts.join.nameHint}
              error={wrong === 'name' ? texts.join.needName : undefined}
              value={name}
              onInput={setName}
              autocomplete="name"
              maxLength={64}
            />
            {pinNeeded && (
              <Field
                name="pin"
                label={texts.join.pin}
                hint={texts.join.pinHint}
                error={wrong === 'pin' ? texts.join.needPin : undefined}
                value={pin}
                onInput={setPin}
                inputMode="numeric"
                maxLength={16}
              />
            )}
            <Button type="submit" kind="primary" busy={busy}>
              {busy ? texts.join.busy : texts.join.submit}
            </Button>
          </form>
          <p class="assurance">
            <Icon name="lock" />
            {texts.join.encrypted}
          </p>
        </div>
        <section class="join-devices" aria-label={texts.devices.heading}>
          <DeviceChoice />
        </section>
      </div>
    </main>
  );
}

function mistake(meeting: string, name: string, pin: string, pinNeeded: boolean): Wrong | undefined {
  if (meeting === '') return 'meeting';
  if (name.trim() === '') return 'name';
  return pinNeeded && !/^\d{1,12}$/.test(pin.replace(/\s/g, '')) ? 'pin' : undefined;
}
