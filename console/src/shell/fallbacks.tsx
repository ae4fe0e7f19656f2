import { Link, useRouter } from '@tanstack/react-router';
import { asApiError } from '../api/client.ts';
import { ErrorNotice } from '../ui/notice.tsx';
import { Bone, TableBones } from '../ui/skeleton.tsx';

/** Before it is known who is signed in: the frame, without names. */
export function ShellBones() {
  return (
    <div className="shell" aria-busy="true">
      <div className="rail" aria-hidden><div className="switcher"><Bone width={120} height={12} /></div></div>
      <main><div className="page"><header className="page-head"><p className="crumbs">Tandem</p><h1 className="lead busy">Opening the console…</h1></header><TableBones /></div></main>
    </div>
  );
}

export function NotHere() {
  return (
    <main className="alone"><h1 className="lead">There is no such page.</h1><p className="muted">The address may be from another version.</p><p><Link to="/">Go to the overview</Link></p></main>
  );
}

export function RouteFailed({ error }: { error: unknown }) {
  const router = useRouter();
  return (
    <main className="alone"><h1 className="lead">This page could not be opened.</h1><ErrorNotice error={asApiError(error)} onRetry={() => void router.invalidate()} /></main>
  );
}
