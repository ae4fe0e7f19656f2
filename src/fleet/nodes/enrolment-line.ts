/** Where agents reach this server, and the pin of the key that it answers with. */
export interface AgentAddress {
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the key's SPKI, in base64. */
  readonly pin: string;
}

/** What a machine runs as root to become a node, with the token on its standard input. curl checks the pin before a byte of the answer is run. */
export function installCommand({ host, port, pin }: AgentAddress): string {
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${port}/install.sh`;
  return `f=$(mktemp); curl -fsSk --pinnedpubkey sha256//${pin} -o "$f" ${url} && sh "$f"; r=$?; rm -f "$f"; exit $r`;
}

/** The line to paste on a machine. The token goes in by standard input, so it stands in no argument list and no URL (`printf` is a builtin of the shell). */
export function enrolmentLine(address: AgentAddress, token: string): string {
  // Where there is no sudo, as in a container, one is root already.
  return `printf '%s\\n' ${token} | $(command -v sudo) sh -c '${installCommand(address)}'`;
}
