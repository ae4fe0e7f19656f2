import { installCommand, type AgentAddress } from '../../nodes/enrolment-line.ts';

/** What of a machine is seen before anything is done to it. */
export interface Look {
  readonly kernel: string;
  /** Whether root can be had: at once, with the password, or not. */
  readonly root: 'yes' | 'password' | 'no';
  /** An agent has been here before: then it was not reinstalled since. */
  readonly agent: boolean;
}

const ONE_LINE_OF_INPUT = 'IFS= read -r password || password=; IFS= read -r token || token=';

/** For a shell: one word, whatever is in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\'', `'\\''`)}'`;
}

/** Run by whatever shell the machine's user has. The password and the token come as two lines of standard input, never as arguments. */
function script(body: string): string {
  return `exec sh -c ${quoted(`${ONE_LINE_OF_INPUT}\n${body}`)}`;
}

export const LOOK_SCRIPT = script(`
root=no
if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then root=yes
elif printf '%s\\n' "$password" | sudo -S -p '' true 2>/dev/null; then root=password; fi
agent=no
[ -e "\${TANDEM_AGENT_HOME:-/var/lib/tandem-agent}/identity" ] && agent=yes
echo "tandem-look kernel=$(uname -s) root=$root agent=$agent"
`);

/** The enrolment line, as root. Whether there is an agent of before was looked at; one that never connected is enrolled again. */
export function enrolScript(address: AgentAddress): string {
  return script(`
install=${quoted(`export TANDEM_AGENT_AGAIN=1; ${installCommand(address)}`)}
if [ "$(id -u)" = 0 ]; then printf '%s\\n' "$token" | sh -c "$install"
elif sudo -n true 2>/dev/null; then printf '%s\\n' "$token" | sudo -n sh -c "$install"
else printf '%s\\n%s\\n' "$password" "$token" | sudo -S -p '' sh -c "$install"; fi
`);
}

/** Reads what the look said; undefined: it said nothing of the kind. The machine may say anything. */
export function readLook(output: string): Look | undefined {
  const [, kernel, root, agent] = /^tandem-look kernel=([A-Za-z0-9]{1,20}) root=(yes|password|no) agent=(yes|no)$/m.exec(output) ?? [];
  return kernel === undefined ? undefined : { kernel, root: root as Look['root'], agent: agent === 'yes' };
}
