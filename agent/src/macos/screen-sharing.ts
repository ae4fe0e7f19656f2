import type { Step } from './account.ts';

/** Screen Sharing's port; it listens on all interfaces, so pf closes it from outside. */
export const SCREEN_SHARING_PORT = 5_900;
const KICKSTART = '/System/Library/CoreServices/RemoteManagement/ARDAgent.app/Contents/Resources/kickstart';
const SERVICE = 'com.apple.screensharing';

/**
 * Turns Screen Sharing on with a password of this lease alone. The gateway logs in with it (VNC's type 2): the account's own password is its
 * tenant's, and never goes into a screen's connection. kickstart's own help names the options. Since macOS 12.1 it may give a screen that can be
 * seen and not used, where MDM's EnableRemoteDesktop has not allowed it.
 */
export function openScreen(password: string): Step[] {
  return [
    [KICKSTART, '-configure', '-clientopts', '-setvnclegacy', '-vnclegacy', 'yes', '-setvncpw', '-vncpw', password],
    ['launchctl', 'enable', `system/${SERVICE}`],
    ['launchctl', 'bootstrap', 'system', `/System/Library/LaunchDaemons/${SERVICE}.plist`],
    [KICKSTART, '-activate', '-configure', '-access', '-on', '-privs', '-all', '-allowAccessFor', '-allUsers', '-restart', '-agent'],
  ];
}

export function closeScreen(): Step[] {
  return [
    [KICKSTART, '-deactivate', '-configure', '-access', '-off', '-clientopts', '-setvnclegacy', '-vnclegacy', 'no'],
    ['launchctl', 'bootout', `system/${SERVICE}`],
    ['launchctl', 'disable', `system/${SERVICE}`],
  ];
}
