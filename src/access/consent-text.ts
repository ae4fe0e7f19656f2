/** What a project agrees to when it consents. A changed text gets a new version, and asks again: what was agreed to is never changed. */
export const CONSENT_TEXT = {
  version: '2026-11-1',
  text: 'This project gives its model calls to the operator of this server for the improvement of models: each request and its reply, and comments and edits in its feedback, '
    + 'are kept for 30 days, encrypted, and may be read, exported and used for training within that time. In return its calls are priced as contributor. '
    + 'Consent can be withdrawn at any time: from then on calls have the standard price, nothing more is kept, and what was kept is deleted at once. '
    + 'What was exported before cannot be called back. Do not send what you may not pass on.',
} as const;
