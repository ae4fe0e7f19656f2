/** Anthropic's version header: the only value that their API reference names beside the first of 2023-01-01. */
export const VERSION_HEADER: readonly string[] = ['anthropic-version', '2023-06-01'];
