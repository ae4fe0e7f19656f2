#!/bin/sh
# Keeps the agent running. `launch.sh install HOME` makes it a service of this machine; `launch.sh HOME` is that service.
set -eu

# What the pasted line set of this machine stays set, whoever starts the agent later: a line `NAME=value` each in `settings`.
SETTINGS='TANDEM_AGENT_NETWORK TANDEM_AGENT_GPU_RESET TANDEM_AGENT_DISK TANDEM_AGENT_TRIAL_SECONDS'

is_set() { eval "[ -n \"\${$1+set}\" ]"; }

# One that is given empty is taken away, one that is not given stays as it was.
keep_settings() {
  kept=$(cat "$1/settings" 2>/dev/null || true)
  for name in $SETTINGS; do
    is_set "$name" || continue
    kept=$(printf '%s\n' "$kept" | grep -v "^$name=" || true)
    eval "value=\$$name"
    [ -z "$value" ] || kept=$(printf '%s\n%s=%s' "$kept" "$name" "$value")
  done
  printf '%s\n' "$kept" | grep . > "$1/settings" || rm -f "$1/settings"
}

# The service's own variables count before them.
take_settings() {
  [ -f "$1/settings" ] || return 0
  while IFS= read -r line; do
    case " $SETTINGS " in *" ${line%%=*} "*) is_set "${line%%=*}" || export "${line?}" ;; esac
  done < "$1/settings"
}

# A release on trial that has ended or not reported is not tried again.
roll_back() {
  [ -f "$1/versions/trial" ] || return 0
  readlink "$1/versions/current" >> "$1/versions/refused"
  ln -sfn "$(cat "$1/versions/trial")" "$1/versions/current"
  rm -f "$1/versions/trial"
  echo "tandem: the new release did not report; the one before it runs again" >&2
}

# An agent whose launcher was killed goes on, and beside the next one it would be a second machine with the same key: the server would quarantine both.
end_orphan() {
  old=$(cat "$1/agent.pid" 2>/dev/null || true)
  [ -n "$old" ] || return 0
  tries=0
  while words=$({ tr '\0' ' ' < "/proc/$old/cmdline" || ps -o args= -p "$old"; } 2>/dev/null); do
    case $words in *"/src/main.ts run --home $1"*) ;; *) return 0 ;; esac
    if [ "$tries" -lt 10 ]; then kill -TERM "$old" 2>/dev/null || true; else kill -KILL "$old" 2>/dev/null || true; fi
    tries=$((tries + 1))
    sleep 0.5
  done
}

run() {
  home=$1
  take_settings "$home"
  # How long a new release has to connect to its server before the one before it comes back.
  trial_s=${TANDEM_AGENT_TRIAL_SECONDS:-90}
  end_orphan "$home"
  child=
  stopping=
  trap 'stopping=1; [ -n "$child" ] && kill -TERM "$child" 2>/dev/null' TERM INT HUP
  wait_s=1
  while [ -z "$stopping" ]; do
    # `current` may be another release by now: an update is a new link and the end of this child.
    "$home/node/current" --disable-warning=ExperimentalWarning "$home/versions/current/src/main.ts" run --home "$home" &
    child=$!
    echo "$child" > "$home/agent.pid"
    began=$(date +%s)
    watcher=
    if [ -f "$home/versions/trial" ]; then
      (sleep "$trial_s"; [ -f "$home/versions/trial" ] && kill -KILL "$child") 2>/dev/null &
      watcher=$!
    fi
    code=0
    wait "$child" || code=$?
    # A signal ends `wait`, not the child.
    [ -n "$watcher" ] && kill "$watcher" 2>/dev/null || true
    [ -n "$stopping" ] && { wait "$child" 2>/dev/null || true; exit 0; }
    child=
    case $code in
      0) exit 0 ;;
      75) wait_s=1; continue ;;
    esac
    roll_back "$home"
    # One that ran for ten seconds is no crash loop: an agent that was killed now and then is needed at once, to hear of leases that end. A clock that was set is no reason to wait either.
    ran=$(($(date +%s) - began))
    [ "$ran" -ge 0 ] && [ "$ran" -lt 10 ] || wait_s=1
    # Waited for, so that a signal is heard at once.
    sleep "$wait_s" &
    child=$!
    wait "$child" || true
    child=
    [ "$wait_s" -lt 30 ] && wait_s=$((wait_s * 2))
  done
}

# Holds the control groups of leases, which have to be there however often the agent starts again. It has a process because systemd keeps no group without one.
leases_unit() {
  cat <<UNIT
[Unit]
Description=Leases of the Tandem agent

[Service]
ExecStart=/bin/sleep infinity
Restart=always
OOMScoreAdjust=-1000
OOMPolicy=continue
Delegate=yes
UNIT
}

# It does not wait until the machine is online: systemd waits two minutes for cards without a cable, and the agent tries again by itself.
systemd_unit() {
  cat <<UNIT
[Unit]
Description=Tandem agent
After=network.target tandem-leases.service
Wants=tandem-leases.service

[Service]
ExecStart=/bin/sh $1/versions/current/launch.sh $1
Restart=always
RestartSec=5
KillMode=process
OOMPolicy=continue

[Install]
WantedBy=multi-user.target
UNIT
}

launchd_plist() {
  cat <<PLIST
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
  <key>Label</key><string>tandem.agent</string>
  <key>ProgramArguments</key><array><string>/bin/sh</string><string>$1/versions/current/launch.sh</string><string>$1</string></array>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><true/>
  <key>StandardErrorPath</key><string>$1/agent.log</string>
</dict></plist>
PLIST
}

install() {
  home=$1
  keep_settings "$home"
  if [ "${TANDEM_AGENT_SERVICE:-}" = none ]; then
    echo "Start it with: sh $home/versions/current/launch.sh $home"
  elif [ "$(id -u)" = 0 ] && [ -d /run/systemd/system ]; then
    leases_unit > /etc/systemd/system/tandem-leases.service
    systemd_unit "$home" > /etc/systemd/system/tandem-agent.service
    systemctl daemon-reload
    systemctl enable --quiet tandem-agent
    systemctl restart tandem-agent
    echo "It runs as the service tandem-agent."
  elif [ "$(id -u)" = 0 ] && [ "$(uname -s)" = Darwin ]; then
    launchd_plist "$home" > /Library/LaunchDaemons/tandem.agent.plist
    launchctl bootout system/tandem.agent 2>/dev/null || true
    launchctl bootstrap system /Library/LaunchDaemons/tandem.agent.plist
    echo "It runs as the service tandem.agent."
  else
    # No init to hand it to: the launcher watches over it, until the machine starts again.
    if [ -f "$home/launcher.pid" ]; then kill "$(cat "$home/launcher.pid")" 2>/dev/null || true; fi
    if command -v setsid >/dev/null 2>&1; then detach=setsid; else detach=nohup; fi
    $detach sh "$home/versions/current/launch.sh" "$home" >>"$home/agent.log" 2>&1 </dev/null &
    echo $! > "$home/launcher.pid"
    echo "It runs now; there is no service manager here, so start it again after a reboot: sh $home/versions/current/launch.sh $home"
  fi
}

if [ "$1" = install ]; then install "$2"; else run "$1"; fi
