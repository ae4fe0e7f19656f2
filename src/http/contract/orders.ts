import { z } from 'zod';
import { byId, currency, id, list, pico, picoPositive, time, words } from './common.ts';
import { route } from './route.ts';

const account = words(63).describe('As the operator\'s file names the account');
const kind = z.enum(['scaleway', 'ec2-mac', 'static', 'lambda']);
const key = words(100).describe('The caller\'s own word for it: the same word again is the same order');
const ceiling = picoPositive.describe('The most that it may cost at the provider in all, in picodollars of the offer\'s currency');
const offer = z.object({
  name: z.string(), machine: z.enum(['mac', 'gpu']), about: z.string(), gpus: z.int().nullable().describe('Null: the provider does not say'), perHour: z.object({ amount: pico, currency }).nullable().describe('Null: not known, so nothing is ordered at it'),
  minimumHours: z.number().describe('Charged at least'), available: z.boolean().nullable().describe('Null: the provider does not say'),
});
const order = z.object({
  id, provider: z.string(), offer: z.string(), wanted: z.enum(['have', 'released']), state: z.enum(['asked', 'delivering', 'ready', 'reinstalling', 'failed', 'leaving', 'gone']), reason: z.string().nullable(),
  next: z.string().nullable().describe('What to do about the last failure'), estimateAt: time.nullable(), machineId: z.string().nullable(), reinstalls: z.int(), orderedBy: z.string(), createdAt: time, deliveredAt: time.nullable(),
  billedSince: time.nullable(), paidUntil: time.nullable(), deletableAt: time.nullable().describe('Before it the provider takes nothing back'), neededUntil: time.nullable(), releaseAt: time.nullable(), goneAt: time.nullable(),
  arrival: z.object({
    pool: z.string(), state: z.enum(['waits', 'working', 'person', 'done']).describe('`person`: somebody has to do what a step says'), nodeId: id.nullable(), hostKey: z.string().nullable(),
    hostKeyFrom: z.enum(['provider', 'first-use']).nullable().describe('`first-use`: the provider reports none, so the key that answered first is believed'), by: time.nullable().describe('A reinstalled machine is to be a node again by then'),
    steps: z.array(z.object({ step: z.enum(['enter', 'enrol', 'connect', 'password', 'close', 'probe']), state: z.enum(['working', 'waiting', 'person', 'done']), attempts: z.int(), reason: z.string().nullable(), next: z.string().nullable(), startedAt: time, endedAt: time.nullable() })),
  }).nullable().describe('How its machine becomes a node by itself; null: a person enters it'),
  cost: z.object({ currency, perHour: pico, ceiling: pico, soFar: pico.describe('By the provider\'s terms; not its invoice') }),
});
const neededUntil = time.nullable().default(null);
const label = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'must be 1 to 63 letters, digits or dashes, such as macs');
const pool = (usual: string | null) => label.nullable().default(usual).describe('Its machine becomes a node of this pool by itself; null: a person enters it');
const name = label.nullable().default(null).describe('Of the node; null: the machine\'s own name');

export const orderRoutes = {
  providerList: route({ id: 'providers.list', method: 'GET', path: '/api/providers', summary: 'Accounts at which machines can be ordered: the operator\'s, for the operator', access: 'orders.read', status: 200, reply: list(z.object({ name: account, kind, reinstalls: z.boolean() })) }),
  providerCheck: route({ id: 'providers.check', method: 'GET', path: '/api/providers/{name}', summary: 'Ask an account what it offers', access: 'orders.read', status: 200, params: z.object({ name: account }), reply: z.object({ name: account, kind, reinstalls: z.boolean(), offers: z.array(offer) }) }),
  orphanList: route({ id: 'orphans.list', method: 'GET', path: '/api/orphans', summary: 'Machines that an account is billed for and that no order knows', access: 'orders.read', status: 200,
    reply: list(z.object({ provider: z.string(), machineId: z.string(), name: z.string(), tag: z.string().nullable(), offer: z.string(), state: z.string(), perHour: pico.nullable(), currency: currency.nullable(), billedSince: time.nullable(), firstSeenAt: time, lastSeenAt: time })) }),
  orderList: route({ id: 'orders.list', method: 'GET', path: '/api/orders', summary: 'Whole machines that are ordered at providers, newest first', access: 'orders.read', status: 200, reply: list(order) }),
  orderCreate: route({ id: 'orders.create', method: 'POST', path: '/api/orders', summary: 'Order a machine; asked twice by the same key it is ordered once', access: 'orders.write', status: 201, body: z.object({ provider: account, offer: words(200), ceiling, key, neededUntil, pool: pool('default'), name }), reply: order }),
  orderSeveral: route({ id: 'orders.several', method: 'POST', path: '/api/orders/several', summary: 'Order several machines under one ceiling; asked twice by the same key they are ordered once', access: 'orders.write', status: 201,
    body: z.object({
      provider: account, offer: words(200), count: z.int().min(1).max(64), ceiling: ceiling.describe('The most that all of them may cost at the provider together'), key: words(90).describe('The caller\'s own word for it'), neededUntil, pool: pool('default'), name,
      allWithinMinutes: z.int().min(1).max(10_080).nullable().default(null).describe('All are given back unless all came by then; null: as many as come are kept'),
    }), reply: list(order) }),
  orderPlan: route({ id: 'orders.plan', method: 'POST', path: '/api/orders/plan', summary: 'Which machines would have so many GPUs together, and at what price; nothing is ordered', access: 'orders.read', status: 200,
    body: z.object({ gpus: z.int().min(1).max(4_096), gpu: words(60).nullable().default(null).describe('A word of the offer, such as h100; null: any'), provider: account.nullable().default(null) }),
    reply: z.object({ provider: z.string(), offer: z.string(), about: z.string(), machines: z.int(), gpus: z.int(), available: z.boolean().nullable(), currency, perHour: pico.describe('Of all together'), atLeast: pico.describe('Charged for all together, however early they are given back'), failed: z.array(z.string()).describe('Accounts that did not answer') }) }),
  orderAdopt: route({ id: 'orders.adopt', method: 'POST', path: '/api/orders/adopt', summary: 'Take a machine that is billed and unknown here into an order', access: 'orders.write', status: 201, body: z.object({ provider: account, machineId: words(128), ceiling, key, neededUntil, pool: pool(null), name }), reply: order }),
  orderShow: route({ id: 'orders.show', method: 'GET', path: '/api/orders/{id}', summary: 'One order', access: 'orders.read', status: 200, params: byId, reply: order }),
  orderRelease: route({ id: 'orders.release', method: 'POST', path: '/api/orders/{id}/release', summary: 'Give a machine back when what is paid for is used, or not before it is needed no longer', access: 'orders.write', status: 200, params: byId, body: z.object({ neededUntil }), reply: order }),
  orderReinstall: route({ id: 'orders.reinstall', method: 'POST', path: '/api/orders/{id}/reinstall', summary: 'Delete all that is on a machine', access: 'orders.write', status: 200, params: byId, reply: order }),
  orderEnter: route({ id: 'orders.enter', method: 'POST', path: '/api/orders/{id}/enter', summary: 'How to enter a delivered machine for the first time; kept nowhere', access: 'orders.write', status: 200, params: byId,
    reply: z.object({ host: z.string(), port: z.int(), user: z.string(), password: z.string().nullable().describe('Null: by the key that is known there'), hostKey: z.string().nullable().describe('Null: the provider reports none, so the first connection proves nothing') }) }),
};
