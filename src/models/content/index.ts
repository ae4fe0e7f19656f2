export { ContentStore, type ContentWriter } from './content-store.ts';
export { PURGED_CHANNEL, purgeProject } from './purge.ts';
export type { ContentHead, ContentTotal, NewContent, Purpose, StoredContent } from './types.ts';
