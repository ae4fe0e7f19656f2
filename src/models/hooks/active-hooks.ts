import type { Logger, SecretBox } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
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
  /** Null: it cannot be opened here, so the hook fails. */
  readonly secret: string | null;
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
      const hook = { id: row.id, name: row.name, projectId: row.project_id, url: row.url, stage: row.stage, secret: this.#open(row.id, row.secret), deadlineMs: row.deadline_ms, onFailure: row.on_failure };
      const own = found.get(row.organisation_id);
      if (own) own.push(hook);
      else found.set(row.organisation_id, [hook]);
    }
    this.#byOrganisation = found;
  }

  #open(id: string, sealed: Buffer): string | null {
    try {
      return this.#options.secrets.open(sealed, secretContext(id)).toString();
    } catch {
      this.#options.log.error({ hook: id }, 'the secret of a hook cannot be opened');
      return null;
    }
  }
}
