import { render } from 'preact';
import { recall, recallKey } from './app/memory.js';
import { Session } from './app/session.js';
import { Store } from './app/store.js';
import { pickLanguage } from './language/texts.js';
import { readLink } from './model/link.js';
import { initialState } from './model/state.js';
import { App } from './ui/app.js';

const link = readLink(location.pathname, location.hash);
const store = new Store(
  initialState({
    language: pickLanguage(navigator.languages, recall('language')),
    meeting: link.meeting,
    key: link.key ?? recallKey(link.meeting),
    view: recall('view') === 'speaker' ? 'speaker' : 'grid',
  }),
);
for (const kind of ['microphone', 'camera'] as const) {
  store.dispatch({ do: 'device', kind, change: { chosen: recall(kind) ?? undefined } });
}
store.dispatch({ do: 'speakers', change: { chosen: recall('speakers') ?? undefined } });

const session = new Session(store);
const page = document.getElementById('page');
if (!page) throw new Error('index.html has no #page');
render(<App session={session} />, page);
void session.devices.start();

// Another link of the same meeting, pasted over this one: browsers load nothing for what follows `#`.
addEventListener('hashchange', () => location.reload());
// The browser kept the page when it was left, but neither its connections nor its camera.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload();
});
