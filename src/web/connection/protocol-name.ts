/** As protocol.ts names it. Said again here, so that its schemas stay with the service; a test holds the two together. */
export const PROTOCOL = 'portvakt.meeting.1';
