export { Files, fileId, keptSeconds, type FileListQuery, type Upload } from './files.ts';
export { withStored } from './with-stored.ts';
export { cursorList, type CursorList, type FileObject } from './file-object.ts';
