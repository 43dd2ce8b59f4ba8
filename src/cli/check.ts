import { formatFinding, hasErrors } from '../config/finding.js';
import { loadConfiguration } from '../config/load.js';

/** `portvakt check`: every finding on a line of its own. 0: the service can run with these files. */
export async function check(configPath: string, asJson: boolean): Promise<number> {
  const { findings, plan } = await loadConfiguration(configPath);
  for (const finding of findings) console.log(asJson ? JSON.stringify(finding) : formatFinding(finding));
  const bad = hasErrors(findings) || plan === undefined;
  if (!asJson) {
    const errors = findings.filter(({ severity }) => severity === 'error').length;
    const warnings = findings.length - errors;
    if (bad) console.log(`\n${count(errors, 'error')}, ${count(warnings, 'warning')}: the service would not start with these files.`);
    else {
      const { organisations, meetings } = plan;
      const permanent = meetings.permanent.size === 0 ? '' : `${count(meetings.permanent.size, 'permanent meeting')}, `;
      console.log(`${configPath}: good. ${count(organisations.size, 'organisation')}, ${permanent}${count(warnings, 'warning')}.`);
    }
  }
  return bad ? 1 : 0;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
