import { type LanguageCode, languages } from '../language/texts.js';
import { useAppState, useSession, useTexts } from './hooks.js';

/** Each language in its own words, so that who does not read the present one finds his. */
export function LanguageSwitch() {
  const session = useSession();
  const { language } = useAppState();
  const texts = useTexts();
  return (
    <fieldset class="languages">
      <legend class="spoken">{texts.settings.language}</legend>
      {(Object.keys(languages) as LanguageCode[]).map((code) => (
        <button key={code} type="button" lang={code} aria-pressed={code === language} onClick={() => session.setLanguage(code)}>
          {languages[code].languageName}
        </button>
      ))}
    </fieldset>
  );
}
