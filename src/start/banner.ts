/** What `npm start` prints last, once `/healthz` answers 200. */
export interface BannerFacts {
  readonly url: string;
  readonly credentials: string;
  readonly signInUrl: string | undefined;
  readonly model: { readonly alias: string; readonly ready: boolean; readonly problem: string | undefined };
  readonly startedInMs: number;
  readonly consoleProblem: string | undefined;
  /** How this checkout's command is called from the folder in which the person stands. */
  readonly command: string;
}

export function banner(facts: BannerFacts): string {
  const { command } = facts;
  const lines = [
    '',
    `Tandem runs at ${facts.url} (started in ${(facts.startedInMs / 1000).toFixed(1)} s)`,
    '',
    `  API          ${facts.url}/v1`,
    `  Console      ${facts.consoleProblem === undefined ? (facts.signInUrl ?? `${facts.url}/`) : `not built: ${facts.consoleProblem}`}`,
    `  Admin key    ${facts.credentials}`,
    `  Model        ${facts.model.alias}${facts.model.ready ? '' : ` is not ready: ${facts.model.problem ?? 'it is loading'}`}`,
    '',
    'Try next:',
    // Without the model a first question would only meet a refusal: doctor says what to do about it.
    ...(facts.model.ready ? [`  ${command} chat "What is the capital of France?"`, `  ${command} bill`, `  ${command} doctor`] : [`  ${command} doctor`, `  ${command} models`, `  ${command} bill`]),
    '',
    'Ctrl-C stops everything.',
    '',
  ];
  return lines.join('\n');
}
