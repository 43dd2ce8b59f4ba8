import { describe, expect, it } from 'vitest';
import { certificateNames, checkServerName } from '../../../src/gatekeeper/net/certificate-names.js';
import { sipIdentity } from '../../../src/gatekeeper/sip/transport/sip-identity.js';

describe('certificateNames', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['DNS:Norr.Example, DNS:gk.norr.example.', ['norr.example', 'gk.norr.example']],
    ['URI:sip:norr.example, IP Address:192.0.2.1', ['sip:norr.example', 'norr.example']],
    ['URI:sip:anna@norr.example', ['sip:anna@norr.example']],
    ['URI:https://norr.example/', ['https://norr.example/']],
    ['email:anna@norr.example, DNS:a', ['a']],
    // One name with a comma in it stays one name.
    ['DNS:"evil.example, DNS:norr.example"', ['evil.example, dns:norr.example']],
    ['DNS:"evil\\", DNS:norr.example"', ['evil", dns:norr.example']],
    ['DNS:"broken, DNS:norr.example', []],
  ])('%j stands for %j', (text, names) => {
    expect(certificateNames(text)).toEqual(names);
  });
});

describe('checkServerName', () => {
  it.each([
    ['norr.example', 'DNS:norr.example'],
    ['NORR.example.', 'DNS:norr.example'],
    ['norr.example', 'URI:sip:norr.example, DNS:host.example'],
    ['192.0.2.1', 'IP Address:192.0.2.1'],
    ['2001:db8::1', 'IP Address:2001:DB8:0:0:0:0:0:1'],
  ])('%s is one of %s', (name, subjectaltname) => {
    expect(checkServerName(name, { subjectaltname }, sipIdentity)).toBeUndefined();
  });

  it.each([
    ['norr.example', ''],
    ['norr.example', 'DNS:syd.example'],
    ['gk.norr.example', 'DNS:*.norr.example'],
    ['norr.example', 'URI:sip:anna@norr.example'],
    ['192.0.2.1', 'DNS:192.0.2.1'],
    ['norr.example', 'DNS:"evil.example, DNS:norr.example"'],
  ])('%s is none of %j', (name, subjectaltname) => {
    expect(checkServerName(name, { subjectaltname }, sipIdentity)?.message).toContain(`not for ${name}`);
  });
});
