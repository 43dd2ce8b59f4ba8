import { describe, expect, it } from 'vitest';
import { endings, type RefusalCode, refusals } from '../../../../src/gatekeeper/calls/reasons.js';
import type { ReleaseCompleteReason } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { readH225, writeH225 } from '../../../../src/gatekeeper/h323/q931/h225-message.js';
import { cause } from '../../../../src/gatekeeper/h323/q931/information-elements.js';
import { callsForNextRoute, causeOf, endingOf, releaseOf } from '../../../../src/gatekeeper/h323/signalling/release-reasons.js';
import { bodyOf, releaseOf as sentRelease } from './links.js';

const codes = Object.keys(refusals) as RefusalCode[];

describe('every refusal', () => {
  it.each(codes)('%s has a reason that H.225.0 knows, and a Q.850 cause', (code) => {
    const release = releaseOf(code);
    expect(release).toEqual({ reason: refusals[code].h323.release, cause: refusals[code].h323.q850 });
    const value = { protocolIdentifier: '0.0.8.2250.0.7', reason: { type: release.reason, value: null } } as const;
    const q931 = { callReference: 1, fromDestination: true, type: 'releaseComplete', elements: [cause(release.cause)] } as const;
    const read = readH225(writeH225({ q931, uuie: { 'h323-uu-pdu': { 'h323-message-body': { type: 'releaseComplete', value } } } }));
    if (!read.ok) throw new Error(read.error);
    expect(bodyOf(read.message, 'releaseComplete').reason?.type).toBe(release.reason);
    expect(sentRelease(read.message).cause).toBe(release.cause);
    expect(release.cause).toBeGreaterThan(0);
    expect(release.cause).toBeLessThan(128);
  });
});

describe('a release without a cause', () => {
  it.each([
    ['noBandwidth', 34],
    ['gatekeeperResources', 47],
    ['unreachableDestination', 3],
    ['destinationRejection', 16],
    ['badFormatAddress', 28],
    ['adaptiveBusy', 41],
    ['inConf', 17],
    ['calledPartyNotRegistered', 20],
    ['newConnectionNeeded', 47],
  ] as const)('has that of its reason: %s is %i', (reason, expected) => {
    expect(causeOf({ reason, cause: undefined })).toBe(expected);
    expect(causeOf({ reason, cause: 99 })).toBe(99);
  });

  it('has none where it gives no reason either', () => {
    expect(causeOf({ reason: undefined, cause: undefined })).toBeUndefined();
    expect(endingOf({ reason: undefined, cause: undefined })).toBe('calleeRefused');
    expect(callsForNextRoute({ reason: undefined, cause: undefined })).toBe(false);
  });
});

describe('how a call ended', () => {
  it.each<[ReleaseCompleteReason['type'] | undefined, number | undefined, string]>([
    ['inConf', undefined, 'calleeBusy'],
    ['adaptiveBusy', 41, 'calleeBusy'],
    [undefined, 17, 'calleeBusy'],
    [undefined, 21, 'calleeDeclined'],
    ['destinationRejection', undefined, 'calleeDeclined'],
    ['destinationRejection', 17, 'calleeBusy'],
    [undefined, 18, 'noAnswer'],
    [undefined, 19, 'noAnswer'],
    ['securityDenied', 16, 'calleeRejectedMedia'],
    ['neededFeatureNotSupported', undefined, 'calleeRejectedMedia'],
    [undefined, 88, 'calleeRejectedMedia'],
    ['badFormatAddress', undefined, 'calleeUnknownThere'],
    ['calledPartyNotRegistered', undefined, 'calleeUnknownThere'],
    [undefined, 1, 'calleeUnknownThere'],
    ['undefinedReason', undefined, 'calleeRefused'],
    [undefined, 127, 'calleeRefused'],
  ])('%s with cause %s is %s', (reason, value, ending) => {
    expect(endingOf({ reason, cause: value })).toBe(ending);
    expect(endings).toHaveProperty(ending);
  });
});

describe('another way', () => {
  it('is tried where the way failed, and not where the called side said no', () => {
    const tried = Array.from({ length: 128 }, (_, value) => value).filter((value) =>
      callsForNextRoute({ reason: undefined, cause: value }),
    );
    expect(tried).toEqual([2, 3, 27, 34, 38, 41, 42, 43, 44, 47, 63]);
    for (const reason of ['inConf', 'adaptiveBusy', 'destinationRejection', 'securityDenied', 'noPermission'] as const) {
      expect([reason, callsForNextRoute({ reason, cause: undefined })]).toEqual([reason, false]);
    }
    expect(callsForNextRoute({ reason: 'gatewayResources', cause: 17 })).toBe(true);
  });
});
