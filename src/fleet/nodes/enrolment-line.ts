/** Where agents reach this server, and the pin of the key that it answers with. */
export interface AgentAddress {
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the key's SPKI, in base64. */
  readonly pin: string;
}

/**
 * The line to paste on a machine. curl checks the pin before a byte of the answer is run; the token goes in by standard input,
 * so it stands in no argument list and no URL (`printf` is a builtin of the shell).
 */
export function enrolmentLine({ host, port, pin }: AgentAddress, token: string): string {
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${port}/install.sh`;
  // Where there is no sudo, as in a container, one is root already.
  return `printf '%s\\n' ${token} | $(command -v sudo) sh -c 'f=$(mktemp); curl -fsSk --pinnedpubkey sha256//${pin} -o "$f" ${url} && sh "$f"; r=$?; rm -f "$f"; exit $r'`;
}
