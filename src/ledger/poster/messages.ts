import type { Connection } from '../../db/index.ts';
import type { LogPosition } from '../log/segments.ts';

/** What the gateway process tells its poster. */
export type ToPoster =
  | {
      readonly kind: 'start';
      readonly connection: Connection;
      readonly ledgerFolder: string;
      readonly home: string;
      readonly epochId: string;
      readonly operatorId: string | null;
      readonly logLevel: string;
    }
  /** At `atMs` the log was whole up to here, and nothing more was written. Also said when nothing changed, now and then. */
  | { readonly kind: 'written'; readonly position: LogPosition; readonly atMs: number }
  /** Nothing more is written: post to the end, end the epoch, exit. */
  | { readonly kind: 'finish' };

/** What the poster tells the gateway process. */
export type FromPoster =
  /** Started, and the dead epochs of this home are ended. */
  | { readonly kind: 'ready'; readonly recovered: number }
  | { readonly kind: 'posted'; readonly position: LogPosition; readonly record: number; readonly atMs: number }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'finished' };
