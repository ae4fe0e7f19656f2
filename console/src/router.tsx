import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, parseSearchWith, redirect, retainSearchParams, stringifySearchWith } from '@tanstack/react-router';
import { ApiError } from './api/client.ts';
import { queries } from './api/queries.ts';
import { readUrlState } from './lib/url.ts';
import { Shell } from './shell/shell.tsx';
import { NotHere, RouteFailed, ShellBones } from './shell/fallbacks.tsx';

const root = createRootRouteWithContext<{ client: QueryClient }>()({
  validateSearch: readUrlState,
  search: { middlewares: [retainSearchParams(['project'])] },
  notFoundComponent: NotHere,
});

const login = createRoute({ getParentRoute: () => root, path: '/login', component: lazyRouteComponent(() => import('./pages/login.tsx'), 'LoginPage') });
const invite = createRoute({ getParentRoute: () => root, path: '/invite', component: lazyRouteComponent(() => import('./pages/invite.tsx'), 'InvitePage') });

/** Everything that needs somebody signed in. */
const app = createRoute({
  getParentRoute: () => root, id: 'app', component: Shell, pendingComponent: ShellBones, errorComponent: RouteFailed,
  beforeLoad: async ({ context, location }) => {
    try {
      await context.client.ensureQueryData(queries.whoami);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) throw redirect({ to: '/login', search: { next: location.href } });
      throw error;
    }
  },
});

const page = <const P extends string>(path: P, component: ReturnType<typeof lazyRouteComponent>) => createRoute({ getParentRoute: () => app, path, component });
const to = <const P extends string, const T extends string>(path: P, target: T) => createRoute({ getParentRoute: () => app, path, beforeLoad: () => {
  throw redirect({ to: target });
} });

const tree = root.addChildren([
  login, invite,
  app.addChildren([
    page('/', lazyRouteComponent(() => import('./pages/overview.tsx'), 'OverviewPage')),
    page('/playground', lazyRouteComponent(() => import('./pages/playground.tsx'), 'PlaygroundPage')),
    page('/keys', lazyRouteComponent(() => import('./pages/keys/list.tsx'), 'KeysPage')),
    page('/keys/new', lazyRouteComponent(() => import('./pages/keys/new.tsx'), 'NewKeyPage')),
    page('/keys/$id', lazyRouteComponent(() => import('./pages/keys/detail.tsx'), 'KeyPage')),
    to('/models', '/models/requests'),
    page('/models/requests', lazyRouteComponent(() => import('./pages/models/requests.tsx'), 'RequestsPage')),
    page('/models/requests/$id', lazyRouteComponent(() => import('./pages/models/request.tsx'), 'RequestPage')),
    page('/models/serving', lazyRouteComponent(() => import('./pages/models/servings.tsx'), 'ServingsPage')),
    page('/models/serving/$id', lazyRouteComponent(() => import('./pages/models/serving.tsx'), 'ServingPage')),
    page('/models/latency', lazyRouteComponent(() => import('./pages/models/latency.tsx'), 'LatencyPage')),
    to('/fleet', '/fleet/nodes'),
    page('/fleet/nodes', lazyRouteComponent(() => import('./pages/fleet/nodes.tsx'), 'NodesPage')),
    page('/fleet/nodes/new', lazyRouteComponent(() => import('./pages/fleet/node-new.tsx'), 'NewNodePage')),
    page('/fleet/nodes/$id', lazyRouteComponent(() => import('./pages/fleet/node.tsx'), 'NodePage')),
    page('/fleet/leases', lazyRouteComponent(() => import('./pages/fleet/leases.tsx'), 'LeasesPage')),
    page('/fleet/leases/new', lazyRouteComponent(() => import('./pages/fleet/lease-new.tsx'), 'NewLeasePage')),
    page('/fleet/leases/$id', lazyRouteComponent(() => import('./pages/fleet/lease.tsx'), 'LeasePage')),
    page('/fleet/leases/$id/recordings', lazyRouteComponent(() => import('./pages/fleet/recordings.tsx'), 'RecordingsPage')),
    page('/fleet/leases/$id/terminal', lazyRouteComponent(() => import('./pages/fleet/terminal.tsx'), 'TerminalPage')),
    page('/fleet/leases/$id/screen', lazyRouteComponent(() => import('./pages/fleet/screen.tsx'), 'ScreenPage')),
    page('/fleet/volumes', lazyRouteComponent(() => import('./pages/fleet/volumes.tsx'), 'VolumesPage')),
    page('/fleet/orders', lazyRouteComponent(() => import('./pages/fleet/orders.tsx'), 'OrdersPage')),
    page('/fleet/orders/new', lazyRouteComponent(() => import('./pages/fleet/order-new.tsx'), 'NewOrderPage')),
    page('/fleet/orders/$id', lazyRouteComponent(() => import('./pages/fleet/order.tsx'), 'OrderPage')),
    to('/money', '/money/bill'),
    page('/money/bill', lazyRouteComponent(() => import('./pages/money/bill.tsx'), 'BillPage')),
    page('/money/spend', lazyRouteComponent(() => import('./pages/money/spend.tsx'), 'SpendPage')),
    page('/money/budgets', lazyRouteComponent(() => import('./pages/money/budgets.tsx'), 'BudgetsPage')),
    page('/money/limits', lazyRouteComponent(() => import('./pages/money/limits.tsx'), 'LimitsPage')),
    page('/money/prices', lazyRouteComponent(() => import('./pages/money/prices.tsx'), 'PricesPage')),
    page('/money/invoices', lazyRouteComponent(() => import('./pages/money/invoices.tsx'), 'InvoicesPage')),
    page('/money/invoices/$id', lazyRouteComponent(() => import('./pages/money/invoice.tsx'), 'InvoicePage')),
    page('/money/credits', lazyRouteComponent(() => import('./pages/money/credits.tsx'), 'CreditsPage')),
    to('/settings', '/settings/organisation'),
    page('/settings/organisation', lazyRouteComponent(() => import('./pages/settings/organisation.tsx'), 'OrganisationPage')),
    page('/settings/members', lazyRouteComponent(() => import('./pages/settings/members.tsx'), 'MembersPage')),
    page('/settings/service-accounts', lazyRouteComponent(() => import('./pages/settings/service-accounts.tsx'), 'ServiceAccountsPage')),
    page('/settings/models', lazyRouteComponent(() => import('./pages/settings/models.tsx'), 'ModelsPage')),
    page('/models/feedback', lazyRouteComponent(() => import('./pages/models/feedback.tsx'), 'FeedbackPage')),
    page('/settings/backends', lazyRouteComponent(() => import('./pages/settings/backends.tsx'), 'BackendsPage')),
    page('/settings/hooks', lazyRouteComponent(() => import('./pages/settings/hooks.tsx'), 'HooksPage')),
    page('/settings/webhooks', lazyRouteComponent(() => import('./pages/settings/webhooks.tsx'), 'WebhooksPage')),
    page('/settings/feeds', lazyRouteComponent(() => import('./pages/settings/feeds.tsx'), 'FeedsPage')),
    page('/settings/trail', lazyRouteComponent(() => import('./pages/settings/trail.tsx'), 'TrailPage')),
  ]),
]);

export function makeRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree, context: { client }, defaultPreload: 'intent', scrollRestoration: true, defaultErrorComponent: RouteFailed, defaultPendingMs: 150,
    // Plain text in the address: `?month=2026-11`, never quoted JSON.
    parseSearch: parseSearchWith((value) => value), stringifySearch: stringifySearchWith(String),
  });
}
