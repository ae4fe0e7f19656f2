import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readAll, type Client, type Reply } from '../client/client.ts';
import { CliError } from '../cli-error.ts';
import type { Run } from '../command.ts';
import { EXIT } from '../exit.ts';
import { print } from '../context.ts';
import { SERVER_FLAGS } from '../server-flags.ts';
import { visible } from '../output/text.ts';

const START = join(dirname(fileURLToPath(import.meta.url)), '../../start/main.ts');

/** The server is another program: this process becomes it, so that signals and exit code are its own. */
function become(verb: string, flags: readonly string[] = []): Run {
  return async (context, { args }) => {
    const argv = [...process.execArgv, ...flags, START, verb, ...args, ...(context.json ? ['--json'] : [])];
    if (typeof process.execve === 'function') {
      process.execve(process.execPath, [process.execPath, ...argv], { ...process.env });
    }
    const child = spawn(process.execPath, argv, { stdio: 'inherit' });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code) => resolve(code ?? EXIT.error));
    });
  };
}

export const up = become('up', SERVER_FLAGS);
export const backup = become('backup');
export const restore = become('restore');
export const forget = become('forget');

type Doctor = Reply<'/api/doctor', 'GET'>;

const GLYPH = { pass: '✓', warn: '!', fail: '✗' } as const;

export const doctor: Run = async (context) => {
  const client = context.client();
  const report = await client.call('GET', '/api/doctor', {}).catch((error: unknown) => {
    if (error instanceof CliError && error.code === 'database_stale') return withoutDatabase(client);
    throw error;
  });
  print(context, report, doctorText);
  return report.state === 'fail' ? EXIT.error : EXIT.ok;
};

/** No key can be checked while the database is silent. What the server tells everybody is then all there is, and names the cause. */
async function withoutDatabase(client: Client): Promise<Doctor> {
  const { checks } = JSON.parse(await readAll(await client.open('GET', '/readyz', undefined))) as Ready;
  return {
    state: 'fail', version: '',
    checks: checks.map(({ name, state, reason }) => ({
      id: name, title: `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`, state, detail: reason ?? 'yes',
      next: state === 'pass' ? null : (NEXT_OF[name] ?? 'Look at the log of the server.'),
    })),
  };
}

interface Ready {
  readonly checks: readonly { readonly name: string; readonly state: 'pass' | 'fail'; readonly reason?: string }[];
}

const NEXT_OF: Readonly<Record<string, string>> = {
  database: 'See that the database runs and its disk has room (df -h, postgres/log under the home, or DATABASE_URL and that server); contact comes back by itself.',
};

function doctorText(report: Doctor): string {
  const lines = report.checks.flatMap(({ state, title, detail, next }) => [
    `${GLYPH[state]} ${state.padEnd(4)}  ${visible(title)}: ${visible(detail)}`,
    ...(next === null ? [] : [`         Next: ${visible(next)}`]),
  ]);
  const bad = report.checks.filter(({ state }) => state !== 'pass').length;
  return [...lines, '', bad === 0 ? `All ${report.checks.length} checks pass. Tandem ${report.version}.` : `${bad} of ${report.checks.length} checks need a look.`].join('\n');
}
