import { problemText } from '../language/notice-text.js';
import { Button } from './buttons.js';
import { useAppState, useFocusOnArrival, useSession, useTexts } from './hooks.js';
import { Icon } from './icons.js';

/** After the meeting, however it ended. */
export function OutScreen() {
  const session = useSession();
  const { out, joining } = useAppState();
  const texts = useTexts();
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  const reason = out ?? 'left';
  return (
    <main class="out">
      <div class="out-card">
        <Icon name={reason === 'unreachable' ? 'wait' : 'leave'} />
        <h1 ref={heading} tabIndex={-1}>
          {texts.out.heading[reason]}
        </h1>
        <p>{joining.problem ? problemText(texts, joining.problem) : texts.out.text[reason]}</p>
        <Button kind="primary" onClick={() => void session.backToJoin()}>
          {texts.out.again}
        </Button>
      </div>
    </main>
  );
}
