import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/command.tsx';
import { Field } from '../../ui/field.tsx';
import { announce } from '../../ui/toasts.tsx';
import { KEYBOARDS } from './screen-client.ts';
import type { Keyboard, Rfb } from './screen-client.ts';

const HELD = [['command', '⌘', 'Command'], ['option', '⌥', 'Option']] as const;
type Held = (typeof HELD)[number][0];
/** What the browser or this computer keeps for itself, as keys with ⌘: a name, and the keysym. */
const WITH_COMMAND = [['Space', 0x20], ['Tab', 0xff_09], ['Q', 0x71], ['W', 0x77]] as const;

/** ⌘ and ⌥ as buttons that are held until they are pressed again, and the shortcuts that never reach a page. */
export function MacKeys({ rfb }: { rfb: Rfb | undefined }) {
  const [keyboard, setKeyboard] = useState<Keyboard>('mac');
  const [held, setHeld] = useState<readonly Held[]>([]);
  const why = rfb === undefined ? 'The screen is not connected.' : undefined;
  const turn = (key: Held): void => {
    const down = !held.includes(key);
    rfb?.sendKey(KEYBOARDS[keyboard][key], null, down);
    setHeld(down ? [...held, key] : held.filter((one) => one !== key));
    rfb?.focus();
  };
  const press = (keysym: number): void => {
    const { command } = KEYBOARDS[keyboard];
    rfb?.sendKey(command, null, true);
    rfb?.sendKey(keysym, null);
    rfb?.sendKey(command, null, false);
    rfb?.focus();
  };
  return (
    <div className="row" role="group" aria-label="Mac keys">
      {HELD.map(([key, sign, name]) => <Button key={key} aria-pressed={held.includes(key)} aria-label={`Hold ${name}`} aria-disabled={why !== undefined || undefined} title={why ?? `Hold ${name} until pressed again`} onClick={() => why ?? turn(key)}>{sign}</Button>)}
      {WITH_COMMAND.map(([name, keysym]) => <Button key={name} kind="quiet" aria-disabled={why !== undefined || undefined} title={why} onClick={() => why ?? press(keysym)}>⌘ {name}</Button>)}
      <select className="filter-select" aria-label="Keyboard of the machine" value={keyboard} onChange={(event) => {
        // A key that is held is let go by the name it was pressed with.
        for (const key of held) rfb?.sendKey(KEYBOARDS[keyboard][key], null, false);
        setHeld([]);
        setKeyboard(event.target.value === 'linux' ? 'linux' : 'mac');
      }}><option value="mac">⌘ as a Mac takes it</option><option value="linux">⌘ as Linux takes it</option></select>
    </div>
  );
}

/** The clipboard, in both directions, each by a press: neither side reads the other's without a say. */
export function ClipboardBox({ rfb, copied }: { rfb: Rfb | undefined; copied: string }) {
  const [text, setText] = useState('');
  const why = rfb === undefined ? 'The screen is not connected.' : text === '' ? 'There is no text yet.' : undefined;
  const take = async (): Promise<void> => {
    try {
      setText(await navigator.clipboard.readText());
    } catch {
      announce('The browser did not allow reading the clipboard. Paste into the field by hand.');
    }
  };
  return (
    <div className="pair screen-clipboard">
      <div className="form">
        <Field label="To the machine's clipboard">{(field) => <textarea {...field} rows={3} value={text} onChange={(event) => setText(event.target.value)} />}</Field>
        <div className="row"><Button onClick={() => void take()}>Take this computer's</Button><Button aria-disabled={why !== undefined || undefined} title={why} onClick={() => {
          if (why !== undefined) return;
          rfb?.clipboardPasteFrom(text);
          announce('The machine has it: paste it there');
        }}>Send it</Button></div>
      </div>
      <div className="form">
        <Field label="From the machine's clipboard" hint={copied === '' ? 'What is copied there shows here.' : undefined}>{(field) => <textarea {...field} rows={3} readOnly value={copied} />}</Field>
        {copied === '' ? null : <div className="row"><CopyButton text={copied} label="what the machine copied">Copy it here</CopyButton></div>}
      </div>
    </div>
  );
}
