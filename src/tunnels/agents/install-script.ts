import type { AgentAddress } from '../../fleet/index.ts';
import type { AgentRelease } from './release.ts';

/**
 * What the pasted line runs. Everything it fetches comes over the same pinned connection, and each file is checked by its hash
 * before it is used. It reads the token from standard input. All of it is one function, so that a cut answer runs nothing.
 */
export function installScript({ host, port, pin }: AgentAddress, { hash, archiveHash }: Pick<AgentRelease, 'hash' | 'archiveHash'>): string {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return `#!/bin/sh
set -eu
main() {
  server=${quoted(authority)}
  pin=${quoted(pin)}
  release=${quoted(hash)}
  archive=${quoted(archiveHash)}
  read -r token
  say() { echo "tandem: $*" >&2; }
  fail() { say "$*"; exit 1; }
  case "$(uname -sm)" in
    'Linux x86_64') platform=linux-x64 ;;
    'Linux aarch64') platform=linux-arm64 ;;
    'Darwin arm64') platform=darwin-arm64 ;;
    *) fail "there is no agent for $(uname -sm)" ;;
  esac
  if [ "$(id -u)" = 0 ]; then home=\${TANDEM_AGENT_HOME:-/var/lib/tandem-agent}; else home=\${TANDEM_AGENT_HOME:-$HOME/.tandem-agent}; fi
  # One agent a machine: a second would take the service from the first, and both would give away the same cards. Looked at before anything is fetched, so the token stays good.
  if [ "\${TANDEM_AGENT_SERVICE:-}" != none ]; then
    other=$(sed -n -e 's|^ExecStart=/bin/sh \\(.*\\)/versions/current/launch\\.sh .*|\\1|p' -e 's|.*<string>\\(.*\\)/versions/current/launch\\.sh</string>.*|\\1|p' /etc/systemd/system/tandem-agent.service /Library/LaunchDaemons/tandem.agent.plist 2>/dev/null || true)
    [ -z "$other" ] || [ "$other" = "$home" ] || fail "this machine has an agent in $other already, which is its service. Leave it so; or take that one away first, as docs/operate.md says, and paste the line again"
  fi
  if [ -f "$home/identity/identity.json" ] && [ "\${TANDEM_AGENT_AGAIN:-}" != 1 ]; then
    name=$(sed -n 's/^ *"name": "\\(.*\\)".*/\\1/p' "$home/identity/identity.json" | head -n 1)
    fail "this machine is the node $name already. Leave it so; or remove that one first (tandem node remove $name), put env TANDEM_AGENT_AGAIN=1 before sh in the line, and paste it again"
  fi
  umask 077
  mkdir -p "$home/versions" "$home/node"
  chmod 755 "$home" "$home/versions" "$home/node"
  draft=$(mktemp -d "$home/install.XXXXXX")
  trap 'rm -rf "$draft"' EXIT
  fetch() { curl -fsSk --pinnedpubkey "sha256//$pin" -o "$2" "https://$server$1" || fail "the server did not give $1"; }
  sum() { if command -v sha256sum >/dev/null 2>&1; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1; }

  fetch "/node/$platform/hash" "$draft/hash"
  hash=$(cat "$draft/hash")
  case "$hash" in *[!0-9a-f]*|'') fail "the server has no Node for $platform" ;; esac
  if [ ! -x "$home/node/$hash" ] || [ "$(sum "$home/node/$hash")" != "$hash" ]; then
    say "fetching Node for $platform"
    fetch "/node/$platform" "$draft/node"
    [ "$(sum "$draft/node")" = "$hash" ] || fail "the Node that came is another one"
    chmod 755 "$draft/node"
    mv "$draft/node" "$home/node/$hash"
  fi
  ln -sfn "$hash" "$home/node/current"

  fetch "/agent/$release" "$draft/agent.tgz"
  [ "$(sum "$draft/agent.tgz")" = "$archive" ] || fail "the agent that came is another one"
  if [ ! -d "$home/versions/$release" ]; then
    mkdir "$draft/agent"
    tar -xzf "$draft/agent.tgz" -C "$draft/agent"
    chmod -R go+rX "$draft/agent"
    mv "$draft/agent" "$home/versions/$release"
  fi

  printf '%s\\n' "$token" | "$home/node/current" --disable-warning=ExperimentalWarning "$home/versions/$release/src/main.ts" enrol --home "$home" --server "$server" --pin "$pin" --release "$release"
  ln -sfn "$release" "$home/versions/current"
  rm -f "$home/versions/trial"
  sh "$home/versions/current/launch.sh" install "$home"
}
main
`;
}

/** For a shell: the values come from this server's own settings, and stand in quotes all the same. */
function quoted(text: string): string {
  return `'${text.replaceAll('\'', `'\\''`)}'`;
}
