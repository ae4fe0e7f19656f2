import { Menu } from '@base-ui/react/menu';
import { useQuery } from '@tanstack/react-query';
import { Check, ChevronsUpDown } from 'lucide-react';
import { queries } from '../api/queries.ts';
import { useWhoami } from '../lib/access.ts';
import { ALL_PROJECTS, useUrlState } from '../lib/url.ts';
import { menuPlace } from './menu-place.ts';

/** The organisation, and the project that the pages are narrowed to; the choice is in the address. */
export function ProjectSwitcher() {
  const { organisation } = useWhoami();
  const projects = useQuery(queries.projects).data?.items.filter(({ archivedAt }) => archivedAt === null) ?? [];
  const [{ project: chosen }, set] = useUrlState();
  const name = projects.find(({ id }) => id === chosen)?.name ?? 'All projects';
  return (
    <Menu.Root>
      <Menu.Trigger className="switcher">
        <span className="sr">Project: </span>
        <span className="mark" aria-hidden>{organisation.name.slice(0, 1).toUpperCase()}</span>
        <span className="switcher-text"><span className="switcher-name">{organisation.name}</span><span className="switcher-project">{name}</span></span>
        <ChevronsUpDown size={16} aria-hidden />
      </Menu.Trigger>
      <Menu.Portal container={menuPlace}>
        <Menu.Positioner sideOffset={4} align="start" className="menu-place">
          <Menu.Popup className="menu">
            <Menu.RadioGroup value={chosen ?? ALL_PROJECTS} onValueChange={(value: string) => set({ project: value })}>
              {[{ id: ALL_PROJECTS, name: 'All projects' }, ...projects].map(({ id, name: title }) => (
                <Menu.RadioItem key={id} value={id} className="menu-item" closeOnClick>
                  <span className="menu-check"><Menu.RadioItemIndicator><Check size={16} aria-hidden /></Menu.RadioItemIndicator></span>{title}
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
