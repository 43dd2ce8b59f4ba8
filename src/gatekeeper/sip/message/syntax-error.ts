/** A message, or a part of one, that breaks SIP's grammar. The text says what is wrong, for the person who has to fix the sender. */
export class SipSyntaxError extends Error {
  override readonly name = 'SipSyntaxError';
}
