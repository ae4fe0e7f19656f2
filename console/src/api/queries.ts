import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api } from './client.ts';
import type { QueryOf } from './client.ts';

const AGAIN_MS = 10_000;
/** Of what events tell: how often sums that grow by themselves, and what others do on shared machines, are read nevertheless. */
const MINUTE_MS = 60_000;

/**
 * What the pages read. The first element of each query key is the kind of thing that a live event
 * names, so that an event makes exactly its queries stale (see live.ts).
 */
export const queries = {
  whoami: queryOptions({ queryKey: ['whoami'], queryFn: ({ signal }) => api.get('/api/whoami', { signal }), staleTime: 60_000 }),
  login: queryOptions({ queryKey: ['login'], queryFn: ({ signal }) => api.get('/api/login', { signal }), staleTime: 60_000 }),
  overview: queryOptions({ queryKey: ['usage', 'overview'], queryFn: ({ signal }) => api.get('/api/overview', { signal }) }),
  doctor: queryOptions({ queryKey: ['models', 'doctor'], queryFn: ({ signal }) => api.get('/api/doctor', { signal }) }),
  /** No live event tells of these: they are read again now and then. */
  hooks: queryOptions({ queryKey: ['hooks', 'list'], queryFn: ({ signal }) => api.get('/api/hooks', { signal }), refetchInterval: AGAIN_MS }),
  hookFailures: (id: string) => queryOptions({ queryKey: ['hooks', 'failures', id], queryFn: ({ signal }) => api.get('/api/hooks/{id}/failures', { path: { id }, signal }), refetchInterval: AGAIN_MS }),
  webhooks: queryOptions({ queryKey: ['webhooks', 'list'], queryFn: ({ signal }) => api.get('/api/webhooks', { signal }), refetchInterval: AGAIN_MS }),
  deliveries: (id: string) => queryOptions({ queryKey: ['webhooks', 'deliveries', id], queryFn: ({ signal }) => api.get('/api/webhooks/{id}/deliveries', { path: { id }, signal }), refetchInterval: AGAIN_MS }),
  feeds: queryOptions({ queryKey: ['feeds'], queryFn: ({ signal }) => api.get('/api/feeds', { signal }), refetchInterval: AGAIN_MS }),
  pools: queryOptions({ queryKey: ['pools'], queryFn: ({ signal }) => api.get('/api/pools', { signal }), refetchInterval: MINUTE_MS }),
  nodes: queryOptions({ queryKey: ['nodes', 'list'], queryFn: ({ signal }) => api.get('/api/nodes', { signal }), refetchInterval: MINUTE_MS }),
  node: (id: string) => queryOptions({ queryKey: ['nodes', 'one', id], queryFn: ({ signal }) => api.get('/api/nodes/{id}', { path: { id }, signal }), refetchInterval: MINUTE_MS }),
  quotas: queryOptions({ queryKey: ['quotas'], queryFn: ({ signal }) => api.get('/api/quotas', { signal }) }),
  operatorMinutes: queryOptions({ queryKey: ['operator-minutes'], queryFn: ({ signal }) => api.get('/api/operator-minutes', { signal }) }),
  volumes: queryOptions({ queryKey: ['volumes'], queryFn: ({ signal }) => api.get('/api/volumes', { signal }), refetchInterval: MINUTE_MS }),
  orders: queryOptions({ queryKey: ['orders', 'list'], queryFn: ({ signal }) => api.get('/api/orders', { signal }), refetchInterval: AGAIN_MS }),
  order: (id: string) => queryOptions({ queryKey: ['orders', 'one', id], queryFn: ({ signal }) => api.get('/api/orders/{id}', { path: { id }, signal }), refetchInterval: 5_000 }),
  orphans: queryOptions({ queryKey: ['orders', 'orphans'], queryFn: ({ signal }) => api.get('/api/orphans', { signal }) }),
  providers: queryOptions({ queryKey: ['orders', 'providers'], queryFn: ({ signal }) => api.get('/api/providers', { signal }) }),
  provider: (name: string) => queryOptions({ queryKey: ['orders', 'providers', name], queryFn: ({ signal }) => api.get('/api/providers/{name}', { path: { name }, signal }), retry: false }),
  leases: (filter: QueryOf<'/api/leases', 'get'>) => queryOptions({ queryKey: ['leases', 'list', filter], queryFn: ({ signal }) => api.get('/api/leases', { query: { limit: 500, ...filter }, signal }), refetchInterval: MINUTE_MS }),
  recordings: (id: string) => queryOptions({ queryKey: ['recordings', id], queryFn: ({ signal }) => api.get('/api/leases/{id}/recordings', { path: { id }, signal }), refetchInterval: AGAIN_MS }),
  lease: (id: string) => queryOptions({ queryKey: ['leases', 'one', id], queryFn: ({ signal }) => api.get('/api/leases/{id}', { path: { id }, signal }), refetchInterval: MINUTE_MS }),
  /** @param state of the lease: another one may mean another wipe. */
  wipesOfLease: (id: string, state: string) => queryOptions({ queryKey: ['wipes', 'lease', id, state], queryFn: ({ signal }) => api.get('/api/leases/{id}/wipe-certificates', { path: { id }, signal }), refetchInterval: MINUTE_MS, placeholderData: keepPreviousData }),
  wipesOfNode: (id: string) => queryOptions({ queryKey: ['wipes', 'node', id], queryFn: ({ signal }) => api.get('/api/nodes/{id}/wipes', { path: { id }, query: { limit: 50 }, signal }), refetchInterval: MINUTE_MS }),
  /** Looked at anew each time that somebody asks: what runs in a lease changes without a word. */
  leaseContents: (id: string) => queryOptions({ queryKey: ['contents', id], queryFn: ({ signal }) => api.get('/api/leases/{id}/contents', { path: { id }, signal }), staleTime: 0, retry: false }),
  servings: queryOptions({ queryKey: ['models', 'servings'], queryFn: ({ signal }) => api.get('/api/servings', { signal }), refetchInterval: AGAIN_MS }),
  serving: (id: string) => queryOptions({ queryKey: ['models', 'serving', id], queryFn: ({ signal }) => api.get('/api/servings/{id}', { path: { id }, signal }), refetchInterval: 5_000 }),
  leaseLog: (id: string, goesOn: boolean, rank: number) => queryOptions({ queryKey: ['job-log', id, rank], queryFn: ({ signal }) => api.get('/api/leases/{id}/logs', { path: { id }, query: { last: 16_384, ...(rank === 0 ? {} : { rank }) }, signal }), refetchInterval: goesOn ? 3_000 : false }),
  projects: queryOptions({ queryKey: ['projects'], queryFn: ({ signal }) => api.get('/api/projects', { signal }) }),
  consent: (id: string) => queryOptions({ queryKey: ['projects', 'consent', id], queryFn: ({ signal }) => api.get('/api/projects/{id}/consent', { path: { id }, signal }) }),
  contributions: (id: string) => queryOptions({ queryKey: ['projects', 'contributions', id], queryFn: ({ signal }) => api.get('/api/projects/{id}/contributions', { path: { id }, signal }) }),
  feedback: queryOptions({ queryKey: ['usage', 'feedback'], queryFn: ({ signal }) => api.get('/api/feedback/summary', { signal }) }),
  keys: infiniteQueryOptions({
    queryKey: ['keys', 'list'], initialPageParam: '',
    queryFn: ({ pageParam, signal }) => api.get('/api/keys', { query: { limit: 500, ...(pageParam === '' ? {} : { cursor: pageParam }) }, signal }),
    getNextPageParam: (page) => page.nextCursor,
  }),
  key: (id: string) => queryOptions({ queryKey: ['keys', 'one', id], queryFn: ({ signal }) => api.get('/api/keys/{id}', { path: { id }, signal }) }),
  usageOfKey: (keyId: string) => queryOptions({ queryKey: ['usage', 'key', keyId], queryFn: ({ signal }) => api.get('/api/usage', { query: { keyId, limit: 20 }, signal }) }),
  usageEvent: (id: string) => queryOptions({ queryKey: ['usage', 'event', id], queryFn: ({ signal }) => api.get('/api/usage/{id}', { path: { id }, signal }) }),
  /** Not renewed by every live event: a list of ten thousand calls would be read anew each time. The page asks for the newest one instead. */
  requests: (filter: QueryOf<'/api/requests', 'get'>) => infiniteQueryOptions({
    queryKey: ['requests', 'list', filter], initialPageParam: '',
    queryFn: ({ pageParam, signal }) => api.get('/api/requests', { query: { limit: 100, ...filter, ...(pageParam === '' ? {} : { cursor: pageParam, limit: 500 }) }, signal }),
    getNextPageParam: (page) => page.nextCursor,
  }),
  newestRequest: (filter: QueryOf<'/api/requests', 'get'>) => queryOptions({ queryKey: ['usage', 'newest', filter], queryFn: ({ signal }) => api.get('/api/requests', { query: { ...filter, limit: 1 }, signal }) }),
  requestErrors: (filter: QueryOf<'/api/requests/errors', 'get'>) => queryOptions({ queryKey: ['sight', 'errors', filter], queryFn: ({ signal }) => api.get('/api/requests/errors', { query: filter, signal }) }),
  request: (id: string) => queryOptions({ queryKey: ['requests', 'one', id], queryFn: ({ signal }) => api.get('/api/requests/{id}', { path: { id }, signal }) }),
  latency: (filter: QueryOf<'/api/latency', 'get'>) => queryOptions({ queryKey: ['sight', 'latency', filter], queryFn: ({ signal }) => api.get('/api/latency', { query: filter, signal }) }),
  spend: (filter: QueryOf<'/api/spend', 'get'>) => queryOptions({ queryKey: ['sight', 'spend', filter], queryFn: ({ signal }) => api.get('/api/spend', { query: filter, signal }) }),
  bill: (month: string) => queryOptions({ queryKey: ['usage', 'bill', month], queryFn: ({ signal }) => api.get('/api/bill', { query: { month }, signal }) }),
  budgets: queryOptions({ queryKey: ['budgets'], queryFn: ({ signal }) => api.get('/api/budgets', { signal }) }),
  limits: queryOptions({ queryKey: ['limits'], queryFn: ({ signal }) => api.get('/api/limits', { signal }) }),
  prices: queryOptions({ queryKey: ['prices'], queryFn: ({ signal }) => api.get('/api/prices', { query: { history: 'true' }, signal }) }),
  invoices: queryOptions({ queryKey: ['usage', 'invoices'], queryFn: ({ signal }) => api.get('/api/invoices', { signal }) }),
  invoice: (id: string) => queryOptions({ queryKey: ['usage', 'invoice', id], queryFn: ({ signal }) => api.get('/api/invoices/{id}', { path: { id }, signal }) }),
  credits: queryOptions({ queryKey: ['usage', 'credits'], queryFn: ({ signal }) => api.get('/api/credits', { signal }) }),
  models: queryOptions({ queryKey: ['models', 'list'], queryFn: ({ signal }) => api.get('/api/models', { signal }) }),
  backends: queryOptions({ queryKey: ['models', 'backends'], queryFn: ({ signal }) => api.get('/api/backends', { signal }) }),
  members: queryOptions({ queryKey: ['members', 'list'], queryFn: ({ signal }) => api.get('/api/members', { signal }) }),
  invitations: queryOptions({ queryKey: ['members', 'invitations'], queryFn: ({ signal }) => api.get('/api/invitations', { signal }) }),
  serviceAccounts: queryOptions({ queryKey: ['members', 'service-accounts'], queryFn: ({ signal }) => api.get('/api/service-accounts', { signal }) }),
  events: (action: string) => infiniteQueryOptions({
    queryKey: ['events', action], initialPageParam: '',
    queryFn: ({ pageParam, signal }) => api.get('/api/events', { query: { limit: 100, ...(action === '' ? {} : { action }), ...(pageParam === '' ? {} : { cursor: pageParam }) }, signal }),
    getNextPageParam: (page) => page.nextCursor,
  }),
};
