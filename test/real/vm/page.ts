import { WebSocket } from 'ws';
import { api } from '../../acceptance/support/api.ts';
import type { Program } from '../../acceptance/support/program.ts';

/** A terminal of a lease, as a browser's page opens one: types lines, and resolves with what was shown and the shell's code. */
export async function typedInTerminal(program: Pick<Program, 'url' | 'key'>, lease: string, lines: string): Promise<{ readonly shown: string; readonly code: number | null | undefined }> {
  const { ticket } = await api<{ ticket: string }>(program, 'POST', `/api/leases/${lease}/tickets`, { kind: 'terminal' });
  const page = new WebSocket(`${program.url.replace('http', 'ws')}/api/leases/${lease}/terminal`, ['tandem-terminal', `ticket.${ticket}`], { headers: { authorization: `Bearer ${program.key}` } });
  let [shown, code]: [string, number | null | undefined] = ['', undefined];
  page.on('open', () => page.send(JSON.stringify({ type: 'open', terminal: null, columns: 100, rows: 30 })));
  page.on('message', (data: Buffer, binary: boolean) => {
    if (binary) {
      shown += data.toString();
      return;
    }
    const told = JSON.parse(data.toString()) as { type: string; code?: number | null };
    if (told.type === 'begun') page.send(Buffer.from(lines), { binary: true });
    if (told.type === 'ended') code = told.code;
  });
  await new Promise<void>((resolve, reject) => {
    page.once('close', () => resolve());
    page.once('error', reject);
  });
  return { shown, code };
}
