import { useEffect } from 'preact/hooks';
import { useSession } from './hooks.js';

/** Where the space bar means something already. */
const TAKES_SPACE = 'button, input, select, textarea, a, summary, dialog, [contenteditable], [role=button]';

/**
 * Ctrl+D or Cmd+D switches the microphone; the space bar, held, opens a microphone that is off. Space is left alone wherever it does
 * something else: on buttons, in fields, in dialogs.
 */
export function useShortcuts(): void {
  const session = useSession();
  useEffect(() => {
    let talking = false;
    const setOn = (on: boolean) => void session.devices.setOn('microphone', on);
    const isOn = () => session.store.state.devices.microphone.on;
    const onDown = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'd') {
        event.preventDefault();
        if (!event.repeat) setOn(!isOn());
        return;
      }
      if (event.code !== 'Space' || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof Element && event.target.closest(TAKES_SPACE)) return;
      event.preventDefault();
      if (event.repeat || talking || isOn()) return;
      talking = true;
      setOn(true);
    };
    const stop = () => {
      if (!talking) return;
      talking = false;
      setOn(false);
    };
    const onUp = ({ code }: KeyboardEvent) => {
      if (code === 'Space') stop();
    };
    addEventListener('keydown', onDown);
    addEventListener('keyup', onUp);
    // A window that loses the focus never hears of the key going up.
    addEventListener('blur', stop);
    return () => {
      removeEventListener('keydown', onDown);
      removeEventListener('keyup', onUp);
      removeEventListener('blur', stop);
    };
  }, [session]);
}
