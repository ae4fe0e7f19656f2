import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { ApiError, api, asApiError } from '../api/client.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { DoorPage } from './door.tsx';

const missing = new ApiError(0, { code: 'invitation_missing', message: 'This address holds no invitation.', next: 'Open the whole link that you were sent, or ask for a new one.' });

/** `/invite#token=…`: the token stands after the # so that no server or proxy writes it down. */
export function InvitePage() {
  const navigate = useNavigate();
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get('token'));
  const [name, setName] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  useEffect(() => history.replaceState(history.state, '', location.pathname), []);
  const accept = async (): Promise<void> => {
    if (token === null || name.trim() === '') return;
    setBusy(true);
    setError(undefined);
    try {
      await api.post('/api/invitations/accept', { body: { token, name: name.trim() } });
      await navigate({ to: '/', replace: true });
    } catch (thrown) {
      setError(asApiError(thrown));
      setBusy(false);
    }
  };
  return (
    <DoorPage title="Invitation" lead="You are invited to Tandem">
      {token === null ? <ErrorNotice error={missing} /> : (
        <form className="form" onSubmit={(event) => {
          event.preventDefault();
          void accept();
        }}>
          <Field label="Your name" hint="Your colleagues see it beside what you change.">
            {(field) => <input {...field} autoComplete="name" maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}
          </Field>
          {error ? <ErrorNotice error={error} /> : null}
          <Button kind="primary" type="submit" busy={busy}>Accept and sign in</Button>
        </form>
      )}
    </DoorPage>
  );
}
