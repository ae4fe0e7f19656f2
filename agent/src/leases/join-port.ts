/**
 * A command that joins its standard input and output to a port inside, after a line `ok`. When one side goes, the other does. Bash and cat, since
 * nothing of this agent is inside.
 * @param options `tries`: what listens there was just begun, and is tried so often, 20 times a second. `host`: an address of the lease's own; default: its loopback.
 */
export function joinPort(port: number, { tries = 1, host = '127.0.0.1', platform = process.platform }: { readonly tries?: number; readonly host?: string; readonly platform?: NodeJS.Platform } = {}): string[] {
  if (platform === 'darwin') return byNetcat(Math.trunc(port), tries);
  const reach = `exec 3<>/dev/tcp/${host}/${Math.trunc(port)}`;
  const once = tries > 1 ? `for i in {1..${tries}}; do { ${reach}; } 2>/dev/null && break; sleep 0.05; done; { true >&3; } 2>/dev/null || exit 1` : `{ ${reach}; } 2>/dev/null || exit 1`;
  // What runs in the background has no standard input unless it is given one.
  return ['/bin/bash', '-c', `${once}; exec 4<&0; echo ok; cat <&3 & cat <&4 >&3 & exec 0<&- 1>&-; wait -n; kill %1 %2 2>/dev/null`];
}

/** Apple's bash is of 2007 and knows no `wait -n`; its nc(1) ends with either side. */
function byNetcat(port: number, most: number): string[] {
  return ['/bin/sh', '-c', `tries=${most}; until /usr/bin/nc -z 127.0.0.1 ${port} >/dev/null 2>&1; do tries=$((tries - 1)); [ "$tries" -gt 0 ] || exit 1; sleep 0.05; done; echo ok; exec /usr/bin/nc 127.0.0.1 ${port}`];
}
