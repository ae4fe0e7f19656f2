import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Secret } from '../../ui/secret.tsx';
import { When } from '../../ui/amount.tsx';
import { useAction } from '../../lib/action.ts';

interface Rotation {
  readonly secret: string;
  readonly bothUntil: string;
}

/** Replaces the secret that messages to an address are signed by, and shows the new one this once. */
export function RotateDialog({ name, command, rotate, onClose }: { name: string; command: string; rotate: () => Promise<Rotation>; onClose: () => void }) {
  const [made, setMade] = useState<Rotation>();
  const action = useAction(rotate, ['events']);
  return (
    <Dialog title={`A new secret for ${name}`} onClose={onClose}>
      <div className="form">
        {made ? (
          <>
            <Secret title="The new signing secret" secret={made.secret} sealed />
            <p className="small">Both secrets sign until <When at={made.bothUntil} />: give the receiver the new one before.</p>
            <div className="row end"><Button kind="primary" onClick={onClose}>Done</Button></div>
          </>
        ) : (
          <>
            <p>Messages carry both signatures for a day, so that nothing is refused while the receiver is changed. After that the old secret is worth nothing.</p>
            {action.error ? <ErrorNotice error={action.error} /> : null}
            <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" busy={action.busy} onClick={() => void action.run().then((done) => done && setMade(done))}>Make a new secret</Button></div>
            <SameInTerminal line={command} />
          </>
        )}
      </div>
    </Dialog>
  );
}
