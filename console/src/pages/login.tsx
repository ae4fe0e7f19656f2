import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { ApiError, api, asApiError } from '../api/client.ts';
import { queries } from '../api/queries.ts';
import { commands } from '../lib/commands.ts';
import { nextPath } from '../lib/next-path.ts';
import { useUrlState } from '../lib/url.ts';
import { Button } from '../ui/button.tsx';
import { Command } from '../ui/command.tsx';
import { Field } from '../ui/field.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { DoorPage } from './door.tsx';

export function LoginPage() {
  const [{ next, error: refused }] = useUrlState();
  const navigate = useNavigate();
  const client = useQueryClient();
  const methods = useQuery(queries.login);
  const [key, setKey] = useState('');
  const [busy, setBusy] = useState<'link' | 'key'>();
  // A sign-in elsewhere that failed comes back with the error's code in the address.
  const [error, setError] = useState<ApiError | undefined>(() => (refused === undefined ? undefined : new ApiError(0, { code: refused, message: 'Signing in there did not work.', next: 'Try once more. If it stays, sign in with a key or a link and look at ./tandem doctor.' })));
  const started = useRef(false);

  const signIn = async (kind: 'link' | 'key', exchange: () => Promise<unknown>): Promise<void> => {
    setBusy(kind);
    setError(undefined);
    try {
      await exchange();
      client.removeQueries({ queryKey: ['whoami'] });
      await navigate({ href: nextPath(next), replace: true });
    } catch (thrown) {
      setError(asApiError(thrown));
      setBusy(undefined);
    }
  };

  useEffect(() => {
    const token = new URLSearchParams(location.hash.slice(1)).get('token');
    if (token === null || started.current) return;
    // Once only: the token is spent by the first exchange. It leaves the address bar and the history at once.
    started.current = true;
    history.replaceState(history.state, '', location.pathname + location.search);
    void signIn('link', () => api.post('/api/login/exchange', { body: { token } }));
  });

  if (busy === 'link') return <DoorPage title="Sign in" lead="Signing you in…"><p className="muted">The link is being exchanged for a session.</p></DoorPage>;
  const oidc = methods.data?.oidc;
  return (
    <DoorPage title="Sign in" lead="Sign in to Tandem">
      {error ? <ErrorNotice error={error} /> : null}
      {oidc ? <><a className="button primary wide" href={oidc.url}>Continue with {oidc.name}</a><p className="or"><span>or</span></p></> : null}
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        if (key.trim() !== '') void signIn('key', () => api.post('/api/login/key', { body: { key: key.trim() } }));
      }}>
        <Field label="API key" hint="It is checked once and not kept in the browser.">
          {(field) => <input {...field} type="password" className="mono" placeholder="tdm_…" autoComplete="off" spellCheck={false} value={key} onChange={(event) => setKey(event.target.value)} />}
        </Field>
        <Button kind={oidc ? 'plain' : 'primary'} type="submit" busy={busy === 'key'}>{busy === 'key' ? 'Signing in…' : 'Sign in with the key'}</Button>
      </form>
      <div className="door-foot">
        <p className="small muted">On the machine that runs Tandem, this prints a link that signs you in:</p>
        <Command line={commands.login} />
      </div>
      {methods.error ? <ErrorNotice error={asApiError(methods.error)} onRetry={() => void methods.refetch()} /> : null}
    </DoorPage>
  );
}
