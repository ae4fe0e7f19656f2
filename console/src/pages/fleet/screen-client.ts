import type { Rfb } from './screen-link.ts';

/** noVNC comes only when a screen is opened: it is larger than any page. */
export async function openRfb(place: HTMLElement, leaseId: string, ticket: string): Promise<Rfb> {
  const { default: Client } = await import('@novnc/novnc');
  place.replaceChildren();
  const address = new URL(`/api/leases/${encodeURIComponent(leaseId)}/screen`, location.href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  return new Client(place, address.href, { wsProtocols: ['tandem-screen', `ticket.${ticket}`], shared: true });
}

/** How the screen fits its place. */
export const FITS = [['fit', 'Fit'], ['resize', 'Resize the screen'], ['whole', 'Actual size']] as const;
export type Fit = (typeof FITS)[number][0];

export function applyFit(rfb: Rfb, fit: Fit): void {
  rfb.scaleViewport = fit === 'fit';
  rfb.resizeSession = fit === 'resize';
  rfb.clipViewport = fit === 'whole';
  rfb.dragViewport = false;
}

/**
 * Which X keysyms stand for ⌘ and ⌥. VNC has no names for Apple's keys; servers on Macs take Alt for ⌘ and Meta for ⌥, servers on Linux have
 * Super where ⌘ lies. Not tried on a Mac yet.
 */
export const KEYBOARDS = { mac: { command: 0xff_e9, option: 0xff_e7 }, linux: { command: 0xff_eb, option: 0xff_e9 } } as const;
export type Keyboard = keyof typeof KEYBOARDS;
