import { useEffect, useRef } from 'preact/hooks';
import type { ParticipantSummary } from '../../bridge/browser/protocol.js';
import { present, waiting } from '../model/stage.js';
import { Button, Control } from './buttons.js';
import { PEOPLE_BUTTON } from './focus-rescue.js';
import { classes, useAppState, useSession, useTexts } from './hooks.js';
import { Icon } from './icons.js';
import { hueOf, initials } from './initials.js';

/** Who is here and who waits; a host acts on them here. */
export function PeoplePanel() {
  const session = useSession();
  const state = useAppState();
  const texts = useTexts();
  const heading = useRef<HTMLHeadingElement>(null);
  const isHost = state.role === 'host';
  const here = present(state);
  const inLobby = waiting(state);
  useEffect(() => heading.current?.focus(), []);
  const close = () => {
    document.getElementById(PEOPLE_BUTTON)?.focus();
    session.store.dispatch({ do: 'panel', open: false });
  };
  return (
    <aside
      id="people"
      class="people"
      aria-labelledby="people-heading"
      onKeyDown={({ key }) => {
        if (key === 'Escape') close();
      }}
    >
      <header>
        <h2 id="people-heading" ref={heading} tabIndex={-1}>
          {texts.people.heading(here.length)}
        </h2>
        <Control icon="close" label={texts.controls.close} onClick={close} />
      </header>
      {isHost && inLobby.length > 0 && (
        <section class="lobby-list" aria-labelledby="lobby-heading">
          <h3 id="lobby-heading">{texts.people.lobbyHeading(inLobby.length)}</h3>
          <ul>
            {inLobby.map((each) => (
              <LobbyGuest key={each.id} participant={each} />
            ))}
          </ul>
        </section>
      )}
      <ul class="people-list">
        {here.map((each) => (
          <Person key={each.id} participant={each} />
        ))}
      </ul>
      {isHost && (
        <footer>
          <Button icon="microphoneOff" onClick={() => void session.command('muteAll', {})}>
            {texts.people.muteAll}
          </Button>
          <Button icon={state.locked ? 'unlock' : 'lock'} onClick={() => void session.command('lock', { locked: !state.locked })}>
            {state.locked ? texts.people.unlock : texts.people.lock}
          </Button>
          <Button icon="phone" onClick={() => session.store.dispatch({ do: 'dialog', dialog: 'invite' })}>
            {texts.people.invite}
          </Button>
        </footer>
      )}
    </aside>
  );
}

function LobbyGuest({ participant: { id, name, organisation } }: { readonly participant: ParticipantSummary }) {
  const session = useSession();
  const texts = useTexts();
  return (
    <li class="person">
      <Face id={id} name={name} />
      <span class="who">
        <span class="name">{name}</span>
        {organisation !== undefined && <span class="detail">{organisation}</span>}
      </span>
      <span class="lobby-actions">
        <Button kind="primary" label={texts.people.admit(name)} onClick={() => void session.command('admit', { participant: id })}>
          {texts.people.admitShort}
        </Button>
        <Button label={texts.people.refuse(name)} onClick={() => void session.command('refuse', { participant: id })}>
          {texts.people.refuseShort}
        </Button>
      </span>
    </li>
  );
}

function Person({ participant }: { readonly participant: ParticipantSummary }) {
  const session = useSession();
  const state = useAppState();
  const texts = useTexts();
  const { id, name, role, kind, organisation, cipher, muted, streams } = participant;
  const own = id === state.me;
  const sends = (source: string) => streams.some((stream) => stream.source === source);
  const silent = muted.self || muted.host || !sends('microphone');
  const speaks = state.speaking.includes(id);
  const details = [
    role === 'host' ? texts.people.host : undefined,
    kind === 'room' ? texts.people.room : undefined,
    organisation,
    cipher === '' ? texts.meeting.notEncrypted : cipher,
  ].filter((detail) => detail !== undefined);
  return (
    <li class={classes('person', speaks && 'speaks')}>
      <Face id={id} name={name} />
      <span class="who">
        <span class="name">
          {name}
          {own && <span class="own"> ({texts.meeting.you})</span>}
        </span>
        <span class="detail">
          <Icon name={cipher === '' ? 'unlock' : 'lock'} />
          {details.join(' · ')}
        </span>
      </span>
      <span class={classes('sound', silent && 'silent')}>
        <Icon name={silent ? 'microphoneOff' : 'microphone'} />
        <span class="spoken">{soundText()}</span>
      </span>
      {state.role === 'host' && !own && (
        <span class="person-actions">
          {sends('microphone') && !silent && (
            <Control
              icon="microphoneOff"
              label={texts.people.mute(name)}
              onClick={() => void session.command('mute', { participant: id, source: 'microphone' })}
            />
          )}
          {muted.host && (
            <Control
              icon="microphone"
              label={texts.people.unmute(name)}
              onClick={() => void session.command('mute', { participant: id, source: 'microphone', muted: false })}
            />
          )}
          {sends('slides') && <Control icon="share" label={texts.people.stopSlides(name)} onClick={() => void session.stopSlidesOf(id)} />}
          <Control
            icon="remove"
            tone="danger"
            label={texts.people.expel(name)}
            onClick={() => session.store.dispatch({ do: 'dialog', dialog: { expel: id } })}
          />
        </span>
      )}
    </li>
  );

  function soundText(): string {
    if (muted.host) return texts.meeting.mutedByHost;
    if (silent) return texts.meeting.muted;
    return speaks ? texts.meeting.speaking : '';
  }
}

function Face({ id, name }: { readonly id: string; readonly name: string }) {
  return (
    <span class="face" data-hue={hueOf(id)} aria-hidden="true">
      {initials(name)}
    </span>
  );
}
