import { TandemError, type Clock } from '../../base/index.ts';
import type { ContentStore, StoredContent } from '../content/index.ts';
import type { AccessPort, Principal } from '../ports.ts';
import { FILE_PURPOSES, cursorList, fileObject, type CursorList, type FileObject } from './file-object.ts';

export interface FilesOptions {
  readonly store: ContentStore;
  readonly access: AccessPort;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** A file that comes in. Its form's fields may come after its bytes, so they are checked at the end. */
export interface Upload {
  write(chunk: Uint8Array): Promise<void>;
  /** @param fields of the multipart form, by name. @throws TandemError invalid_request: then the file is gone. */
  finish(filename: string, fields: ReadonlyMap<string, string>): Promise<FileObject>;
  abort(): Promise<void>;
}

export interface FileListQuery {
  readonly after?: string | undefined;
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  readonly purpose?: string | undefined;
}

const LEAST_SECONDS = 3_600;
const MOST_SECONDS = 30 * 86_400;

/** `/v1/files`: what callers upload, and what batches write. */
export class Files {
  readonly #options: FilesOptions;

  constructor(options: FilesOptions) {
    this.#options = options;
  }

  /** @throws TandemError store_off */
  async begin(principal: Principal): Promise<Upload> {
    const { store, access, clock, newId } = this.#options;
    store.demandKept(principal, 'A file');
    const id = fileId(newId());
    const writer = await store.write({ organisationId: principal.organisationId, projectId: access.directory.projectFor(principal), keyId: principal.keyId, purpose: 'file', id, beganMs: clock.nowMs() });
    return {
      write: (chunk) => writer.write(chunk),
      abort: () => writer.abort(),
      finish: async (filename, fields) => {
        try {
          const { purpose, keptSeconds } = readFields(fields);
          return fileObject(await writer.finish({
            kind: purpose, about: { filename: filename.slice(0, 500) }, ...(keptSeconds === null ? {} : { expiresAtMs: clock.nowMs() + keptSeconds * 1000 }),
          }));
        } catch (error) {
          await writer.abort();
          throw error;
        }
      },
    };
  }

  /** @throws TandemError content_not_found for a cursor that is none. */
  async list(principal: Principal, query: FileListQuery): Promise<CursorList<FileObject>> {
    const { items, more } = await this.#options.store.list(principal, {
      purpose: 'file', limit: query.limit, order: query.order, ...(query.after === undefined ? {} : { after: query.after }), ...(query.purpose === undefined ? {} : { kind: query.purpose }),
    });
    return cursorList(items.map(fileObject), more);
  }

  /** @throws TandemError content_not_found */
  async show(principal: Principal, id: string): Promise<FileObject> {
    return fileObject(await this.#options.store.find(principal, id, 'file'));
  }

  /** The file and its bytes, piece by piece. @throws TandemError content_not_found */
  async open(principal: Principal, id: string): Promise<{ file: FileObject; pieces: AsyncGenerator<Buffer, void, undefined> }> {
    const found = await this.#options.store.find(principal, id, 'file');
    return { file: fileObject(found), pieces: this.#options.store.read(found) };
  }

  /** For batches: the content behind a file. */
  find(principal: Principal, id: string): Promise<StoredContent> {
    return this.#options.store.find(principal, id, 'file');
  }

  /** @throws TandemError content_not_found */
  async remove(principal: Principal, id: string): Promise<{ id: string; object: 'file'; deleted: true }> {
    await this.#options.store.delete(principal, id, 'file');
    return { id, object: 'file', deleted: true };
  }
}

export function fileId(id: string): string {
  return `file-${id.replaceAll('-', '')}`;
}

function readFields(fields: ReadonlyMap<string, string>): { purpose: string; keptSeconds: number | null } {
  const purpose = fields.get('purpose');
  if (purpose === undefined) throw refused('purpose', `purpose is missing: it is one of ${FILE_PURPOSES.join(', ')}.`);
  if (!FILE_PURPOSES.some((one) => one === purpose)) throw refused('purpose', `purpose is one of ${FILE_PURPOSES.join(', ')}.`);
  const anchor = fields.get('expires_after[anchor]');
  const text = fields.get('expires_after[seconds]');
  if (anchor === undefined && text === undefined) return { purpose, keptSeconds: null };
  if (anchor !== 'created_at') throw refused('expires_after', 'expires_after.anchor is created_at.');
  return { purpose, keptSeconds: keptSeconds(Number(text), 'expires_after') };
}

/** @throws TandemError invalid_request unless it is from an hour to 30 days, in whole seconds. */
export function keptSeconds(value: unknown, param: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= LEAST_SECONDS && value <= MOST_SECONDS) return value;
  throw refused(param, `${param}.seconds is a whole number from ${LEAST_SECONDS} to ${MOST_SECONDS}.`);
}

function refused(param: string, reason: string): TandemError {
  return new TandemError('invalid_request', { params: { reason }, param });
}
