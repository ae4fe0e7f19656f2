/** noVNC comes without types. Of its published API (docs/API.md of 1.7.0) only what the screen page uses is written here. */
declare module '@novnc/novnc' {
  export default class RFB extends EventTarget {
    constructor(place: HTMLElement, socket: WebSocket, options?: { shared?: boolean });
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
}
