import { refusalOf } from './kept-link.ts';
import type { LinkEvents } from './kept-link.ts';

/** What is used of noVNC's client. */
export interface Rfb extends EventTarget {
  viewOnly: boolean;
  scaleViewport: boolean;
  resizeSession: boolean;
  clipViewport: boolean;
  dragViewport: boolean;
  disconnect(): void;
  focus(): void;
  sendKey(keysym: number, code: string | null, down?: boolean): void;
  clipboardPasteFrom(text: string): void;
}

/** A WebSocket into a lease, by its ticket. */
export function openSocket(leaseId: string, what: 'screen' | 'terminal', ticket: string): WebSocket {
  const address = new URL(`/api/leases/${encodeURIComponent(leaseId)}/${what}`, location.href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  return new WebSocket(address.href, [`tandem-${what}`, `ticket.${ticket}`]);
}

/** noVNC comes only when a screen is opened: it is larger than any page. The socket is ours, so that the page reads why it ended. */
export async function openRfb(place: HTMLElement, leaseId: string, ticket: string, { connected, lost }: LinkEvents): Promise<Rfb> {
  const { default: Client } = await import('@novnc/novnc');
  place.replaceChildren();
  const socket = openSocket(leaseId, 'screen', ticket);
  socket.addEventListener('close', (event) => lost(refusalOf(event)));
  const rfb = new Client(place, socket, { shared: true });
  rfb.addEventListener('connect', () => connected());
  // After the socket's own end, which knows more.
  rfb.addEventListener('disconnect', () => setTimeout(lost, 0));
  return rfb;
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
