import { KeyRound } from 'lucide-react';
import { CopyButton } from './command.tsx';

/** A secret that is shown this once. */
export function Secret({ title, secret, children }: { title: string; secret: string; children?: React.ReactNode }) {
  return (
    <div className="secret" role="status">
      <p className="notice-title"><KeyRound size={16} aria-hidden /> {title}</p>
      <p className="muted">Copy it now. Only a hash of it is kept, so it cannot be shown again.</p>
      <div className="command"><code>{secret}</code><CopyButton text={secret} label="the secret" /></div>
      {children}
    </div>
  );
}
