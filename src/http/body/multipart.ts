import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import busboy from 'busboy';
import { TandemError } from '../../base/index.ts';

export interface MultipartOptions {
  /** Of the file, in bytes. */
  readonly limitBytes: number;
  /** The setting that the limit comes from, for the refusal. */
  readonly limitName: string;
  /** Reads the form's one file to its end, at its own pace. */
  readonly take: (file: Readable, filename: string) => Promise<void>;
}

const LIMITS = { fields: 20, fieldNameSize: 100, fieldSize: 10_000, files: 1, parts: 24, headerPairs: 50 };

/**
 * Reads a multipart form with one file in the field `file`. Nothing but a chunk of the file is in memory: the client is
 * held back by who takes it.
 * @returns the other fields, wherever they stand.
 * @throws TandemError unsupported_media_type, file_too_large, invalid_request, malformed_request, and what `take` throws.
 */
export async function readMultipart(request: IncomingMessage, options: MultipartOptions): Promise<ReadonlyMap<string, string>> {
  const type = request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data\b/i.test(type)) throw new TandemError('unsupported_media_type', { params: { given: type === '' ? '(none)' : type } });
  if (Number(request.headers['content-length'] ?? 0) > options.limitBytes + 65_536) throw tooLarge(options);
  const form = parserOf(request, options.limitBytes);
  const fields = new Map<string, string>();
  let taken: Promise<void> | undefined;
  await new Promise<void>((resolve, reject) => {
    const fail = (error: unknown) => {
      request.unpipe(form);
      reject(error);
    };
    form.on('field', (name, value, { valueTruncated }) => {
      if (valueTruncated) fail(invalid(name.slice(0, 100), 'A field of the form is too long.'));
      else fields.set(name, value);
    });
    form.on('file', (name, file, { filename }) => {
      // Its end comes by `take`; an error nobody listens for would end the process.
      file.on('error', fail);
      if (name !== 'file') {
        file.resume();
        fail(invalid(name.slice(0, 100), 'The file stands in the field file.'));
        return;
      }
      file.on('limit', () => fail(tooLarge(options)));
      taken = options.take(file, filename ?? '');
      taken.catch(fail);
    });
    form.on('filesLimit', () => fail(invalid('file', 'One file at a time is uploaded.')));
    form.on('fieldsLimit', () => fail(invalid('file', 'The form has too many fields.')));
    form.on('partsLimit', () => fail(invalid('file', 'The form has too many parts.')));
    form.on('error', () => fail(invalid('file', 'The form is not whole multipart/form-data.')));
    form.on('close', resolve);
    request.on('close', () => {
      if (!request.complete) fail(new TandemError('malformed_request', { params: { reason: 'the body did not arrive' } }));
    });
    request.pipe(form);
  });
  if (taken === undefined) throw invalid('file', 'The form has no file.');
  await taken;
  return fields;
}

function parserOf(request: IncomingMessage, fileSize: number): busboy.Busboy {
  try {
    // One byte more than is allowed: a file of exactly the limit is not cut.
    return busboy({ headers: request.headers, defParamCharset: 'utf8', limits: { ...LIMITS, fileSize: fileSize + 1 } });
  } catch {
    throw invalid('file', 'The form is not whole multipart/form-data: its boundary is missing.');
  }
}

function tooLarge({ limitBytes, limitName }: MultipartOptions): TandemError {
  return new TandemError('file_too_large', { params: { limit: limitBytes, setting: limitName }, param: 'file' });
}

function invalid(param: string, reason: string): TandemError {
  return new TandemError('invalid_request', { params: { reason }, param });
}
