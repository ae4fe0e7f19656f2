import { useQueryClient } from '@tanstack/react-query';
import { Link, Outlet } from '@tanstack/react-router';
import { Search } from 'lucide-react';
import { Suspense, lazy, useEffect, useState } from 'react';
import { watchLive } from '../api/live.ts';
import { moveRow, useShortcuts } from '../lib/keyboard.ts';
import { Toasts } from '../ui/toasts.tsx';
import { KeysHelp } from './keys-help.tsx';
import { LiveBanner, LiveMark } from './live-mark.tsx';
import { menuPlace } from './menu-place.ts';
import { RAIL } from './pages.ts';
import { ProjectSwitcher } from './project-switcher.tsx';
import { UserMenu } from './user-menu.tsx';

const Palette = lazy(() => import('./palette.tsx').then(({ Palette: component }) => ({ default: component })));
const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/** The frame around every page: rail, shortcuts, live state. */
export function Shell() {
  const client = useQueryClient();
  const [open, setOpen] = useState<'palette' | 'keys'>();
  useEffect(() => watchLive(client), [client]);
  useShortcuts({
    'Mod+K': (event) => {
      event.preventDefault();
      setOpen('palette');
    },
    '/': (event) => {
      const filter = document.querySelector<HTMLElement>('[data-filter]');
      event.preventDefault();
      if (filter) filter.focus();
      else setOpen('palette');
    },
    '?': () => setOpen('keys'),
    j: () => moveRow(1),
    k: () => moveRow(-1),
    Escape: () => {
      const up = document.querySelector<HTMLElement>('[data-up]');
      if (up) up.click();
    },
  });
  return (
    <div className="shell">
      <a className="skip" href="#content">Skip to the content</a>
      <header className="rail">
        <ProjectSwitcher />
        <button type="button" className="search-button" onClick={() => setOpen('palette')} aria-keyshortcuts="Meta+K Control+K">
          <Search size={16} aria-hidden /><span>Go to…</span><kbd>{MAC ? '⌘K' : 'Ctrl K'}</kbd>
        </button>
        <nav aria-label="Pages">
          {(['main', 'house'] as const).map((group) => (
            <ul key={group}>
              {RAIL.filter((entry) => entry.group === group).map(({ to, title, icon: Icon }) => (
                <li key={to}><Link to={to} activeOptions={{ exact: to === '/', includeSearch: false }} activeProps={{ 'aria-current': 'page' }}><Icon size={16} aria-hidden /><span>{title}</span></Link></li>
              ))}
            </ul>
          ))}
        </nav>
        <div className="rail-foot">
          <LiveMark />
          <UserMenu onKeys={() => setOpen('keys')} />
        </div>
        <div ref={menuPlace} className="menus" />
      </header>
      <main id="content" tabIndex={-1}>
        <LiveBanner />
        <Outlet />
      </main>
      <Toasts />
      {open === 'palette' ? <Suspense fallback={null}><Palette onClose={() => setOpen(undefined)} /></Suspense> : null}
      {open === 'keys' ? <KeysHelp onClose={() => setOpen(undefined)} /> : null}
    </div>
  );
}
