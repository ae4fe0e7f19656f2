import type { ITheme, Terminal } from '@xterm/xterm';
import { applyStyles } from './terminal-styles.ts';

/** A terminal in the page, without anything behind it. */
export interface TerminalView {
  readonly terminal: Terminal;
  /** Makes as many columns and rows as there is room for. */
  fit(): void;
  theme(): void;
  close(): void;
}

export interface ViewOptions {
  /** Null: what fits. */
  readonly size: { readonly columns: number; readonly rows: number } | null;
  readonly readOnly: boolean;
}

const SCROLL_BACK = 5_000;

/**
 * Shows a terminal in an element. What is written into it is hostile: links of the machine's lead nowhere, and what would set the page's title, the
 * clipboard or a window is not listened to. xterm comes only when a terminal is opened: it is larger than any page.
 */
export async function openView(place: HTMLElement, { size, readOnly }: ViewOptions): Promise<TerminalView> {
  const [{ Terminal: Client }, { FitAddon }] = await Promise.all([import('@xterm/xterm'), import('@xterm/addon-fit'), import('@xterm/xterm/css/xterm.css')]);
  place.replaceChildren();
  const style = getComputedStyle(place);
  const terminal = new Client({
    ...(size === null ? {} : { cols: size.columns, rows: size.rows }),
    theme: themeOf(style), fontFamily: style.getPropertyValue('--mono'), fontSize: 13, minimumContrastRatio: 4.5, scrollback: SCROLL_BACK,
    disableStdin: readOnly, cursorBlink: false, cursorInactiveStyle: readOnly ? 'none' : 'outline', linkHandler: { activate: () => undefined }, macOptionClickForcesSelection: true,
  });
  const fitting = new FitAddon();
  terminal.loadAddon(fitting);
  const unstyle = applyStyles(place);
  terminal.open(place);
  if (readOnly) terminal.textarea?.setAttribute('tabindex', '-1');
  if (size === null) fitting.fit();
  return {
    terminal,
    fit: () => fitting.fit(),
    theme: () => {
      terminal.options.theme = themeOf(getComputedStyle(place));
    },
    close: () => {
      unstyle();
      terminal.dispose();
    },
  };
}

/** The page's own colours; the sixteen of programs stay xterm's, and are made to stand out from the ground. */
function themeOf(style: CSSStyleDeclaration): ITheme {
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  return { background: colour('--raised'), foreground: colour('--text'), cursor: colour('--accent'), cursorAccent: colour('--raised'), selectionBackground: colour('--accent-soft'), selectionInactiveBackground: colour('--press') };
}
