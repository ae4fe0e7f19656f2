import type { Account } from './account.ts';

/**
 * What sandbox-exec(1) keeps jobs and shells without root from. They run as a user of their own, so that the file system's own rights hold
 * first; this takes away what such a user could still do: read the agent's folder and homes of others, and leave things outside its own.
 * The last rule that matches counts, and paths are compared without links: /var is one on a Mac. @param agentHome the agent's folder.
 * @param shown what of it the lease may read, and write where the file system lets its user: pipes of recordings.
 */
export function sandboxProfile({ home }: Account, agentHome: string, shown: readonly string[]): string {
  const path = (text: string): string => `(subpath "${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}")`;
  return `(version 1)
(allow default)
(deny file-read* file-write* (subpath "/Users") ${path(agentHome)})
(allow file-read-metadata (literal "/Users"))
(deny file-write* (subpath "/Library") (subpath "/Applications") (subpath "/opt") (subpath "/usr/local") (subpath "/private/etc") (subpath "/private/var/at") (subpath "/private/var/mail"))
(allow file-read* file-write* ${shown.map(path).join(' ')})
(allow file-read* file-write* ${path(home)})
(deny process-exec (literal "/usr/bin/at") (literal "/usr/bin/crontab"))
`;
}
