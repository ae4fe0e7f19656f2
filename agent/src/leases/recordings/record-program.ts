/**
 * What sshd runs in the place of a shell or a command. With a terminal `script` stands between sshd and the shell and passes on what is shown; of
 * commands without one only the command is told. `internal-sftp` is no program, so the machine's own is looked for.
 * @param folder where the programs of the lease find its pipes. @param mac whose `script` is another.
 */
export function recordProgram(folder: string, mac: boolean): string {
  return `out=${folder}/$1.out said=${folder}/$1.said command=$SSH_ORIGINAL_COMMAND
if [ -t 0 ] && [ -t 1 ]; then
  echo 'This session is recorded.'
${mac ? BY_APPLE : BY_UTIL_LINUX}fi
printf 'C %s\\n' "$(printf %s "$command" | tr '\\n' ' ' | head -c 2000)" > "$said"
case $command in
  internal-sftp*) for path in /usr/lib/openssh /usr/libexec/openssh /usr/lib/ssh /usr/libexec; do [ -x $path/sftp-server ] && exec $path/sftp-server; done; exit 127 ;;
  scp*|rsync*|*/sftp-server*) ;;
  *) echo 'This session is recorded: its command and times.' >&2 ;;
esac
[ -n "$command" ] || exec /bin/bash
exec /bin/bash -c "$command"
`;
}

/** util-linux' `script` tells all by itself: sizes, how much of the output is the session's, and how it ended. */
const BY_UTIL_LINUX = `  exec /usr/bin/script --quiet --return --flush --log-out "$out" --log-timing "$said" --logging-format advanced --command "\${command:-exec -l bash}"
`;

/**
 * Apple's script(1) tells the output alone, and its terminal nothing of a new size (its source, shell_cmds-329). So this says the size at the beginning and
 * at each SIGWINCH, which comes to all in the foreground of sshd's terminal, in the words of util-linux; whoever hears them sets the size of the
 * terminal inside, whose name is said too (\`D\`). Not tried on a Mac.
 */
const BY_APPLE = `  say() { printf '%s\\n' "$*" > "$said"; }
  size() { say "S 0 SIGWINCH $(/bin/stty size < /dev/tty | sed 's/\\(.*\\) \\(.*\\)/ROWS=\\1 COLS=\\2/')"; }
  say "H 0 COMMAND $(printf %s "\${command:-exec -l bash}" | tr '\\n' ' ' | head -c 2000)"
  size
  (trap size WINCH; trap 'kill $!; exit' TERM; while :; do sleep 1 & wait $!; done) &
  watch=$!
  /usr/bin/script -q -F "$out" /bin/sh -c 'printf "D %s\\n" "$(/usr/bin/tty)" > "$1"; [ -n "$2" ] || exec "$SHELL" -l; exec "$SHELL" -c "$2"' sh "$said" "$command"
  code=$?
  kill $watch
  say "H 0 EXIT_CODE $code"
  exit $code
`;
