import { Dialog } from '../ui/dialog.tsx';

const KEYS = [
  ['⌘ K or Ctrl K', 'Open anything by name'], ['/', 'Filter the list'], ['j and k', 'Move down and up a list'], ['enter', 'Open the row'],
  ['esc', 'Close a dialog, or go back to the list'], ['⌘ enter or Ctrl enter', 'Send, in the playground'], ['?', 'Show this list'],
] as const;

export function KeysHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className="keys-help">{KEYS.map(([keys, about]) => <div key={keys}><dt>{keys.split(/( or | and )/).map((part, index) => (index % 2 === 0 ? <kbd key={part}>{part}</kbd> : part))}</dt><dd>{about}</dd></div>)}</dl>
    </Dialog>
  );
}
