/** The plan is text, a URI is bytes: what is not ASCII goes as escaped UTF-8 (RFC 3261 §19.1.2), and so do spaces. */
export function uriText(text: string): string {
  return text.replace(/[^\x21-\x7e]+/gu, (part) => encodeURIComponent(part));
}
