import { KeyRound } from 'lucide-react';
import { CopyButton } from './command.tsx';

/** A secret that is shown this once. `sealed`: it signs what is sent from here, so it is kept under the server's own secret; else a hash of it is. */
export function Secret({ title, secret, sealed = false, children }: { title: string; secret: string; sealed?: boolean; children?: React.ReactNode }) {
  return (
    <div className="secret" role="status">
      <p className="notice-title"><KeyRound size={16} aria-hidden /> {title}</p>
      <p className="muted">Copy it now. {sealed ? 'It is sealed here' : 'Only a hash of it is kept'}, so it cannot be shown again.</p>
      <div className="command"><code>{secret}</code><CopyButton text={secret} label="the secret" /></div>
      {children}
    </div>
  );
}
