import type { Context } from './context.ts';

/** What a command gets: its arguments in order (a variadic one as the rest), its options by camel-case name. */
export interface Input {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
}

/** Returns the exit code; nothing means ok. Errors are thrown and rendered in one place. */
export type Run = (context: Context, input: Input) => Promise<number | void>;

/** One verb as data: help, completion and `docs/reference/cli.md` are made from it. */
export interface Command {
  /** `keys create`: the words that call it. */
  readonly path: string;
  readonly about: string;
  /** In commander's notation: `<name>` is required, `[month]` is not. */
  readonly args?: readonly { readonly form: string; readonly about: string }[];
  /** `many`: said several times it holds all of them, a line each; others hold the last. */
  readonly options?: readonly { readonly form: string; readonly about: string; readonly many?: true }[];
  readonly examples: readonly string[];
  /** Loaded when the command is called, so that help is quick. */
  readonly load: () => Promise<Run>;
}
