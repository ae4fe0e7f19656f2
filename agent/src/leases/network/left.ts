import type { RunCommand } from '../../machine/command.ts';
import type { Home } from '../../state/home.ts';
import { ruleId } from '../surroundings.ts';
import { linkName } from './network.ts';

/** What stands on the machine for the network of a lease. Empty: nothing, also where this machine has no such programs and so never had any. */
export async function networkLeft(home: Home, lease: string, run: RunCommand): Promise<string[]> {
  const id = ruleId(home, lease);
  const [tables, links] = await Promise.all([run('nft', ['list', 'tables']), run('ip', ['-o', 'link', 'show'])]);
  return [
    ...[...tables.out.matchAll(/^table \w+ (\S+)$/gm)].map(([, name]) => name!).filter((name) => name.endsWith(id)).map((name) => `the table ${name} of nft`),
    ...(links.out.includes(`: ${linkName(id)}@`) || links.out.includes(`: ${linkName(id)}:`) ? [`the interface ${linkName(id)}`] : []),
  ];
}
