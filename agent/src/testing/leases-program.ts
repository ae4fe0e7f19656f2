import { uptime } from 'node:os';
import { join } from 'node:path';
import { Leases } from '../leases/leases.ts';
import { realWait } from '../outside.ts';
import { homeAt } from '../state/home.ts';

/**
 * One question to the leases of a home, as a program of its own: HOME, the question's name, its parameters as JSON; prints the answer. For tests
 * that put an agent's leases into a network of their own, which a process cannot change to.
 */
const [home = '', name = '', params = '{}'] = process.argv.slice(2);
const leases = new Leases({
  home: homeAt(home), boot: 'this-boot', program: join(import.meta.dirname, '../main.ts'), agentVersion: '0.0.0', wipes: { walkMs: 60_000, roots: [home] },
  outside: { nowMs: () => Date.now(), bootMs: () => uptime() * 1_000, random: () => 0.5, wait: realWait, log: (message) => void process.stderr.write(`${message}\n`) },
});
const asked = JSON.parse(params) as Record<string, unknown>;
const answer = name === 'grant' ? await leases.grant({ access: 'shell', boot: 'this-boot', untilUptimeMs: Math.floor((uptime() + 120) * 1_000), ...asked })
  : name === 'offer' || name === 'join' || name === 'leave' || name === 'probe' ? await leases.ways[name](asked) : name === 'end' ? await leases.end(asked) : name === 'wipe' ? await leases.wipe(asked) : await leases.list();
process.stdout.write(JSON.stringify(answer));
