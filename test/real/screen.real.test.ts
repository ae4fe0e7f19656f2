import { existsSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canSandbox } from '../../agent/src/testing/can-sandbox.ts';
import { noStandInHosts } from '../../agent/src/testing/stand-in-host.ts';
import { noBrowser } from '../../console/test/browser.ts';
import { openScreenHouse, until, type ScreenHouse } from './support/screen-house.ts';

/** What looks at the display inside the lease; a lease sees the machine's own programs. */
const X_TOOLS = ['/usr/bin/Xtigervnc', '/usr/bin/xclip', '/usr/bin/xev', '/usr/bin/xdpyinfo'];
const can = canSandbox && noStandInHosts === undefined && noBrowser === undefined && X_TOOLS.every((path) => existsSync(path));

// A real Chromium, the real console, gateway, agent and sandbox, and TigerVNC in it, asked by X's own programs what arrived.
describe.runIf(can)('the screen of a lease in a browser, at a real VNC server (stand-in, not macOS)', () => {
  let house: ScreenHouse;
  beforeAll(async () => {
    house = await openScreenHouse();
    await look(house.owner);
  }, 240_000);
  afterAll(() => house?.close());

  const connected = (page: Page): Promise<void> => page.getByText('Connected.', { exact: true }).waitFor();
  const look = async (page: Page): Promise<void> => {
    await page.goto(`${house.door.url}/fleet/leases/${house.leaseId}/screen`);
    await connected(page);
  };
  const choose = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
  /** Its size as X's clients see it. */
  const displaySize = async (): Promise<string | undefined> => /dimensions:\s+(\d+x\d+)/.exec(await house.inLease('xdpyinfo'))?.[1];
  const placeSize = (page: Page): Promise<string> => page.locator('.screen-place').evaluate(({ clientWidth, clientHeight }) => `${clientWidth}x${clientHeight}`);
  const clipboard = (): Promise<string> => house.inLease('timeout 5 xclip -o -selection clipboard 2>/dev/null || true');
  const field = (page: Page, name: string) => page.getByLabel(name);
  /** Runs `act` while a window over the whole screen writes down what it is sent. */
  const keysDuring = async (act: () => Promise<void>): Promise<string[]> => {
    await house.inLease('rm -f keys; setsid stdbuf -oL xev -geometry 3000x3000+0+0 -event keyboard -event button > keys 2>&1 < /dev/null & for i in $(seq 100); do xwininfo -name "Event Tester" > /dev/null 2>&1 && exit 0; sleep 0.1; done; exit 1');
    await act();
    const seen = await house.inLease('sleep 1; pkill -x xev; cat keys');
    return [...seen.matchAll(/ButtonPress event|(KeyPress|KeyRelease) event[^]*?keysym 0x[0-9a-f]+, (\w+)/g)].map(([, what, key]) => (what === undefined ? 'pointer' : `${what === 'KeyPress' ? '+' : '-'}${key}`));
  };

  it('is resized to its place, and again when the window is', async () => {
    const { owner } = house;
    expect(await displaySize()).toBe('1280x800');
    await choose(owner, 'Resize the screen');
    await until(displaySize, (size) => size !== '1280x800');
    expect(await displaySize()).toBe(await placeSize(owner));
    const before = await placeSize(owner);
    await owner.setViewportSize({ width: 1000, height: 800 });
    await until(displaySize, (size) => size !== before);
    expect(await displaySize()).toBe(await placeSize(owner));
    await owner.setViewportSize({ width: 1280, height: 900 });
    await choose(owner, 'Fit');
  }, 120_000);

  it('carries the clipboard both ways, whatever the letters', async () => {
    const { owner } = house;
    await field(owner, 'To the machine\'s clipboard').fill('von hier: Grüße, 東京 🚀\nzweite Zeile');
    await choose(owner, 'Send it');
    expect(await until(clipboard, (text) => text !== '')).toBe('von hier: Grüße, 東京 🚀\nzweite Zeile');
    await house.inLease('printf "von dort: Grüße, 東京 🚀\\n<b>zweite</b>" | xclip -i -selection clipboard > /dev/null 2>&1');
    expect(await until(() => field(owner, 'From the machine\'s clipboard').inputValue(), (text) => text !== '')).toBe('von dort: Grüße, 東京 🚀\n<b>zweite</b>');
  }, 120_000);

  it('types, and sends ⌘ and ⌥ by the names that the chosen machine takes', async () => {
    const { owner } = house;
    const keys = await keysDuring(async () => {
      await owner.getByRole('application').locator('canvas').click();
      await owner.keyboard.press('a');
      await choose(owner, '⌘ Q');
      await owner.getByRole('button', { name: 'Hold Option' }).click();
      await owner.getByLabel('Keyboard of the machine').selectOption('linux');
      await choose(owner, '⌘ Space');
      await owner.getByRole('button', { name: 'Hold Option' }).click();
      await owner.keyboard.press('b');
      await owner.getByRole('button', { name: 'Hold Option' }).click();
    });
    // Meta lies over Alt on the keyboard of X: TigerVNC adds the Shift, and the key is let go as Alt.
    const metaOnLinux = ['+Shift_L', '+Meta_L', '-Shift_L', '-Alt_L'];
    expect(keys).toEqual(['pointer', '+a', '-a', '+Alt_L', '+q', '-q', '-Alt_L', ...metaOnLinux, '+Super_L', '+space', '-space', '-Super_L', '+Alt_L', '+b', '-b', '-Alt_L']);
  }, 120_000);

  it('comes back by itself with another ticket after the network was lost, and works as before', async () => {
    const { owner, door, tickets } = house;
    const before = tickets.length;
    door.shut(true);
    expect(door.cut()).toBeGreaterThan(0);
    await owner.getByText(/^The screen is not connected. Trying again/).waitFor();
    door.shut(false);
    await connected(owner);
    expect(tickets.length).toBe(before + 1);
    expect(await keysDuring(async () => {
      await owner.getByRole('application').locator('canvas').click();
      await owner.keyboard.press('c');
    })).toEqual(['pointer', '+c', '-c']);
  }, 120_000);

  it('comes back by itself when the server was killed and is there again, and a terminal with the shell that it had', async () => {
    const { owner } = house;
    const terminal = await owner.context().newPage();
    await terminal.goto(`${house.door.url}/fleet/leases/${house.leaseId}/terminal`);
    await connected(terminal);
    const rows = async (): Promise<string> => (await terminal.locator('.xterm-rows').innerText()).replaceAll('\u00a0', ' ');
    const type = async (line: string): Promise<void> => {
      await terminal.locator('.xterm-screen').click();
      await terminal.keyboard.type(line);
      await terminal.keyboard.press('Enter');
    };
    await type('word=kept; echo here-$((1 + 1))');
    await expect.poll(rows, { timeout: 20_000 }).toContain('here-2');
    await house.restart();
    await terminal.getByText('Connected again: the shell went on meanwhile.').waitFor({ timeout: 60_000 });
    await type('echo $word-$((2 + 3))');
    await expect.poll(rows, { timeout: 20_000 }).toContain('kept-5');
    await terminal.close();
    await connected(owner);
    expect(await keysDuring(async () => {
      await owner.getByRole('application').locator('canvas').click();
      await owner.keyboard.press('d');
    })).toEqual(['pointer', '+d', '-d']);
  }, 180_000);

  it('shows a second person nothing without a say, and lets them only look where that was said', async () => {
    const { owner, guest } = house;
    await guest.goto(`${house.door.url}/fleet/leases/${house.leaseId}/screen`);
    await guest.getByRole('alert').waitFor();
    await choose(owner, 'Invite somebody');
    await owner.getByRole('dialog').getByLabel('Who').selectOption({ label: 'Guest (guest@example.com)' });
    await choose(owner, 'Make the link');
    const link = await owner.getByRole('dialog').locator('code', { hasText: '#ticket=' }).textContent();
    await choose(owner, 'Done');
    await guest.goto('about:blank');
    await guest.goto(link!);
    await connected(guest);
    expect(await keysDuring(async () => {
      await guest.getByRole('application').locator('canvas').click();
      await guest.keyboard.press('d');
      await owner.getByRole('application').locator('canvas').click();
      await owner.keyboard.press('e');
    })).toEqual(['pointer', '+e', '-e']);
  }, 120_000);

  it('sends nothing while one only looks', async () => {
    const { owner } = house;
    await choose(owner, 'Only look');
    await owner.getByText('You only look').waitFor();
    await connected(owner);
    const size = await displaySize();
    await choose(owner, 'Resize the screen');
    expect(await keysDuring(async () => {
      await owner.getByRole('application').locator('canvas').click();
      await owner.keyboard.press('f');
    })).toEqual([]);
    expect(await displaySize()).toBe(size);
  }, 120_000);
});
