import { Menu } from '@base-ui/react/menu';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Check, CircleUser, Keyboard, LogOut } from 'lucide-react';
import { asApiError, api } from '../api/client.ts';
import { useWhoami } from '../lib/access.ts';
import { setTheme, useTheme } from '../lib/theme.ts';
import type { Theme } from '../lib/theme.ts';
import { announce } from '../ui/toasts.tsx';
import { menuPlace } from './menu-place.ts';

const THEMES = [['system', 'As the system'], ['light', 'Light'], ['dark', 'Dark']] as const;

export function UserMenu({ onKeys }: { onKeys: () => void }) {
  const { actor, role, version } = useWhoami();
  const { chosen } = useTheme();
  const client = useQueryClient();
  const navigate = useNavigate();
  const signOut = async (): Promise<void> => {
    try {
      await api.post('/api/logout');
      client.clear();
      await navigate({ to: '/login' });
    } catch (error) {
      announce(asApiError(error).message);
    }
  };
  return (
    <Menu.Root>
      <Menu.Trigger className="user-button" aria-label={`You: ${actor.label}, ${role}`}>
        <CircleUser size={16} aria-hidden /><span className="user-name">{actor.label}</span>
      </Menu.Trigger>
      <Menu.Portal container={menuPlace}>
        <Menu.Positioner sideOffset={4} side="top" align="start" className="menu-place">
          <Menu.Popup className="menu">
            <p className="menu-note"><strong>{actor.label}</strong><br />{role} · Tandem {version}</p>
            <Menu.Separator className="menu-line" />
            <Menu.RadioGroup value={chosen} onValueChange={(theme: Theme) => setTheme(theme)} aria-label="Theme">
              {THEMES.map(([theme, title]) => (
                <Menu.RadioItem key={theme} value={theme} className="menu-item"><span className="menu-check"><Menu.RadioItemIndicator><Check size={16} aria-hidden /></Menu.RadioItemIndicator></span>{title}</Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
            <Menu.Separator className="menu-line" />
            <Menu.Item className="menu-item" onClick={onKeys}><Keyboard size={16} aria-hidden />Keyboard</Menu.Item>
            <Menu.Item className="menu-item" onClick={() => void signOut()}><LogOut size={16} aria-hidden />Sign out</Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
