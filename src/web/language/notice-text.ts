import type { Notice, Problem } from '../model/state.js';
import type { Texts } from './texts.js';

/** A refusal as a sentence, with how long to wait where the service says so. */
export function problemText(texts: Texts, problem: Problem): string {
  const sentence = texts.problems[problem.code] ?? texts.problems.internal;
  if (problem.retryMs === undefined || problem.retryMs <= 0) return sentence;
  return `${sentence} ${texts.retryIn(Math.ceil(problem.retryMs / 1000))}`;
}

export function noticeText(texts: Texts, notice: Notice): string {
  switch (notice.what) {
    case 'arrived':
    case 'left':
    case 'waits':
    case 'sharing':
      return texts.notices[notice.what](notice.name);
    case 'invited':
      return texts.notices.invited[notice.outcome](notice.address);
    case 'problem':
      return problemText(texts, notice.problem);
    case 'deviceEnded':
      return texts.notices.deviceEnded[notice.device];
    default:
      return texts.notices[notice.what];
  }
}
