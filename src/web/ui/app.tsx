import { useEffect } from 'preact/hooks';
import type { Session } from '../app/session.js';
import { SessionContext, useAppState, useTexts } from './hooks.js';
import { JoinScreen } from './join-screen.js';
import { LobbyScreen } from './lobby-screen.js';
import { MeetingScreen } from './meeting-screen.js';
import { Notices } from './notices.js';
import { OutScreen } from './out-screen.js';

const screens = { join: JoinScreen, lobby: LobbyScreen, meeting: MeetingScreen, out: OutScreen };

export function App({ session }: { readonly session: Session }) {
  return (
    <SessionContext.Provider value={session}>
      <CurrentScreen />
    </SessionContext.Provider>
  );
}

function CurrentScreen() {
  const { screen, language, title, out } = useAppState();
  const texts = useTexts();
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  useEffect(() => {
    const headings = { join: texts.join.heading, lobby: texts.lobby.heading, meeting: title, out: texts.out.heading[out ?? 'left'] };
    document.title = `${headings[screen]} · Portvakt`;
  }, [screen, texts, title, out]);
  const Screen = screens[screen];
  return (
    <>
      <Screen />
      <Notices />
    </>
  );
}
