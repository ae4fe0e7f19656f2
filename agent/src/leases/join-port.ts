/**
 * A command that joins its standard input and output to a port inside, after a line `ok`. When one side goes, the other does. Bash and cat, since
 * nothing of this agent is inside.
 * @param options `waits`: what listens there was just begun.
 */
export function joinPort(port: number, { waits = false } = {}): string[] {
  const reach = `exec 3<>/dev/tcp/127.0.0.1/${Math.trunc(port)}`;
  const once = waits ? `for i in {1..300}; do { ${reach}; } 2>/dev/null && break; sleep 0.05; done; { true >&3; } 2>/dev/null || exit 1` : `{ ${reach}; } 2>/dev/null || exit 1`;
  // What runs in the background has no standard input unless it is given one.
  return ['/bin/bash', '-c', `${once}; exec 4<&0; echo ok; cat <&3 & cat <&4 >&3 & exec 0<&- 1>&-; wait -n; kill %1 %2 2>/dev/null`];
}
