import type { Service } from '../service.js';

/** What a newcomer sees when the service is up: where it listens and what to try next. */
export function welcome(service: Service, configPath: string): string {
  const config = configPath === 'config/portvakt.yaml' ? '' : ` --config ${configPath}`;
  const lines = ['', 'Portvakt is up.', ''];
  for (const listener of service.listeners) lines.push(`  SIP   ${listener}`);
  for (const listener of service.h323Listeners) lines.push(`  H.323 ${listener}`);
  if (service.meetingUrl !== undefined) lines.push(`  Meet  ${service.meetingUrl}   (the meeting page, for browsers)`);
  lines.push(`  HTTP  ${service.url}   (/healthz /readyz /metrics)`);
  const names = [...service.plan.organisations.values()].map(({ id }) => id);
  lines.push('', `  Plan  ${service.plan.revision}: ${names.slice(0, 6).join(', ')}${names.length > 6 ? ', …' : ''}`);
  lines.push('', 'Try next, in another terminal:', '');
  const hosted = [...service.plan.organisations.values()].filter((organisation) =>
    organisation.zones.some((zone) => zone.kind === 'hosted' && zone.accounts.sharedPassword !== undefined),
  );
  const example = (index: number) => {
    const series = hosted[index]?.series[0];
    return series ? `${series.prefix}${'1'.padStart(series.digits, '0')}` : undefined;
  };
  const [caller, callee] = [example(0), example(1)];
  if (caller && callee) {
    lines.push(`  npx portvakt route ${callee} --from ${hosted[0]?.id} --register ${callee}${config}`);
    lines.push(`  Register two phones (SIP) or room systems (H.323) as ${caller} and ${callee}, with encryption switched on, and call.`);
  }
  const [meeting] = service.plan.meetings.permanent.values();
  if (service.meetingUrl !== undefined && meeting) {
    lines.push(`  Open ${service.meetingUrl}/m/${meeting.id} in two browser windows, and call ${meeting.id} from the phone: one meeting.`);
  }
  lines.push(`  npx portvakt check${config}`, `  kill -HUP ${process.pid}   reads the address plan and the TLS files again`, '');
  return lines.join('\n');
}
