import { useEffect } from 'preact/hooks';
import { noticeText } from '../language/notice-text.js';
import type { NumberedNotice } from '../model/state.js';
import { Control } from './buttons.js';
import { classes, useAppState, useSession, useTexts } from './hooks.js';

/** A sentence stays for as long as it takes to read it calmly; what went wrong stays longer. */
const SHOWN_MS = 7_000;
const PROBLEM_SHOWN_MS = 15_000;

/** What just happened: shown in a corner, and read aloud by screen readers. */
export function Notices() {
  const { notices } = useAppState();
  const texts = useTexts();
  return (
    <section class="notices" aria-label={texts.notices.region}>
      <div role="log" aria-live="polite" aria-relevant="additions">
        <ul>
          {notices.map((each) => (
            <OneNotice key={each.serial} {...each} />
          ))}
        </ul>
      </div>
    </section>
  );
}

function OneNotice({ serial, notice }: NumberedNotice) {
  const { store } = useSession();
  const texts = useTexts();
  const isProblem = notice.what === 'problem' || notice.what === 'deviceEnded' || notice.what === 'videoNotSent';
  const seen = () => store.dispatch({ do: 'noticeSeen', serial });
  useEffect(() => {
    const timer = setTimeout(seen, isProblem ? PROBLEM_SHOWN_MS : SHOWN_MS);
    return () => clearTimeout(timer);
  }, [serial]);
  // A banner with a button shows the same for as long as somebody waits.
  if (notice.what === 'waits') return <li class="spoken">{noticeText(texts, notice)}</li>;
  return (
    <li class={classes('notice', isProblem && 'trouble')}>
      <span>{noticeText(texts, notice)}</span>
      <Control icon="close" label={texts.notices.dismiss} onClick={seen} />
    </li>
  );
}
