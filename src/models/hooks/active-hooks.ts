import type { Selectable } from 'kysely';
import type { Logger, SecretBox } from '../../base/index.ts';
import type { Database, Schema } from '../../db/index.ts';
import { openSecrets } from '../../ledger/index.ts';
import type { Principal } from '../ports.ts';

/** Told at commit of every change of a hook. */
export const HOOKS_CHANNEL = 'hooks';

/** The context that a hook's secret is sealed under. */
export const secretContext = (hookId: string): string => `hooks.secret ${hookId}`;

/** What a hook is asked about. */
export type HookStage = 'request' | 'reply' | 'both';

/** A hook as calls meet it. */
export interface ActiveHook {
  readonly id: string;
  readonly name: string;
  readonly projectId: string | null;
  readonly url: string;
  readonly stage: HookStage;
  /** The secrets that sign at a time, the newest first; empty: they cannot be opened here, so the hook fails. */
  readonly secrets: (nowMs: number) => readonly string[];
  readonly deadlineMs: number;
  readonly onFailure: 'open' | 'closed';
}

export interface ActiveHooksOptions {
  readonly database: Pick<Database, 'unscoped' | 'listen'>;
  readonly secrets: SecretBox;
  readonly log: Logger;
}

const NONE: readonly ActiveHook[] = [];

/** The hooks that are switched on, in memory: a call asks no database for them. */
export class ActiveHooks {
  readonly #options: ActiveHooksOptions;
  #byOrganisation: ReadonlyMap<string, readonly ActiveHook[]> = new Map();
  /** Loads go one after the other, so that an older one never replaces a newer one. */
  #tail: Promise<void> = Promise.resolve();
  #unlisten: (() => Promise<void>) | undefined;

  constructor(options: ActiveHooksOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#unlisten = await this.#options.database.listen(HOOKS_CHANNEL, () => {
      this.reload().catch((error: unknown) => this.#options.log.error({ reason: error instanceof Error ? error.message : 'unknown' }, 'the hooks could not be read again'));
    });
    await this.reload();
  }

  async stop(): Promise<void> {
    await this.#unlisten?.();
    await this.#tail;
  }

  /** What is asked about requests or replies of this caller, the oldest first. */
  of({ organisationId, projectId }: Pick<Principal, 'organisationId' | 'projectId'>, stage: 'request' | 'reply'): readonly ActiveHook[] {
    const own = this.#byOrganisation.get(organisationId);
    return own === undefined ? NONE : own.filter((hook) => (hook.stage === 'both' || hook.stage === stage) && (hook.projectId === null || hook.projectId === projectId));
  }

  /** Resolves when what is in the database now is in force here. */
  reload(): Promise<void> {
    const loading = this.#tail.then(() => this.#load());
    this.#tail = loading.catch(() => {});
    return loading;
  }

  async #load(): Promise<void> {
    const rows = await this.#options.database.unscoped('hooks of every organisation of this process').selectFrom('hooks').selectAll().where('enabled', '=', true).orderBy('created_at').orderBy('id').execute();
    const found = new Map<string, ActiveHook[]>();
    for (const row of rows) {
      const hook = activeHook(row, this.#options.secrets);
      if (hook.secrets(0).length === 0) this.#options.log.error({ hook: row.id }, 'the secret of a hook cannot be opened');
      const own = found.get(row.organisation_id);
      if (own) own.push(hook);
      else found.set(row.organisation_id, [hook]);
    }
    this.#byOrganisation = found;
  }
}

/** A hook's row as calls meet it. Its secrets are opened once: a call opens nothing; the one of before a rotation signs until its time is over. */
export function activeHook(row: Selectable<Schema['hooks']>, box: Pick<SecretBox, 'open'>): ActiveHook {
  const { id, name, project_id: projectId, url, stage, deadline_ms: deadlineMs, on_failure: onFailure } = row;
  const untilMs = row.previous_until?.getTime() ?? 0;
  let both: readonly string[] = [];
  try {
    both = openSecrets(box, row, secretContext(id), 0);
  } catch {
    // It fails by name at every question, and the loader of hooks says so.
  }
  return { id, name, projectId, url, stage, secrets: (nowMs) => (nowMs < untilMs ? both : both.slice(0, 1)), deadlineMs, onFailure };
}
