import type { Migration } from '../migration.ts';
import { access } from './0001-access.ts';
import { ledger } from './0002-ledger.ts';
import { books } from './0003-books.ts';
import { models } from './0004-models.ts';
import { limits } from './0005-limits.ts';
import { metering } from './0006-metering.ts';
import { plainSight } from './0007-plain-sight.ts';
import { content } from './0008-content.ts';
import { routing } from './0009-routing.ts';
import { responses } from './0010-responses.ts';
import { hooks } from './0011-hooks.ts';
import { hookStages } from './0012-hook-stages.ts';
import { budgetSubjects } from './0013-budget-subjects.ts';
import { nodes } from './0014-nodes.ts';
import { outgoing } from './0015-outgoing.ts';
import { leases } from './0016-leases.ts';
import { spendSums } from './0017-spend-sums.ts';
import { leaseTickets } from './0018-lease-tickets.ts';
import { providers } from './0019-providers.ts';
import { serverProcesses } from './0020-server-processes.ts';
import { arrivals } from './0021-arrivals.ts';
import { spendWords } from './0022-spend-words.ts';
import { wipes } from './0023-wipes.ts';
import { sessions } from './0024-sessions.ts';
import { quotas } from './0025-quotas.ts';
import { leaseBounds } from './0026-lease-bounds.ts';
import { volumes } from './0027-volumes.ts';
import { serving } from './0028-serving.ts';
import { operatorMinutes } from './0029-operator-minutes.ts';
import { outsideWipes } from './0030-outside-wipes.ts';
import { leaseJobs } from './0031-lease-jobs.ts';
import { screenSays } from './0032-screen-says.ts';
import { machineCosts } from './0033-machine-costs.ts';
import { eachBudgets } from './0034-each-budgets.ts';
import { volumeHours } from './0035-volume-hours.ts';
import { spendWeeks } from './0036-spend-weeks.ts';
import { brokenCards } from './0037-broken-cards.ts';
import { replicaOutput } from './0038-replica-output.ts';
import { otherEntries } from './0039-other-entries.ts';
import { jobRanks } from './0040-job-ranks.ts';
import { keptJobs } from './0041-kept-jobs.ts';
import { purgesAndAttempts } from './0042-purges-and-attempts.ts';
import { quotaRevisions } from './0043-quota-revisions.ts';
import { ranksNetwork } from './0044-ranks-network.ts';

/** In the order in which they are applied. A shipped migration is never changed. */
export const migrations: readonly Migration[] = [
  access,
  ledger,
  books,
  models,
  limits,
  metering,
  plainSight,
  content,
  routing,
  responses,
  hooks,
  hookStages,
  budgetSubjects,
  nodes,
  outgoing,
  leases,
  spendSums,
  leaseTickets,
  providers,
  serverProcesses,
  arrivals,
  spendWords,
  wipes,
  sessions,
  quotas,
  leaseBounds,
  volumes,
  serving,
  operatorMinutes,
  outsideWipes,
  leaseJobs,
  screenSays,
  machineCosts,
  eachBudgets,
  volumeHours,
  spendWeeks,
  brokenCards,
  replicaOutput,
  otherEntries,
  jobRanks,
  keptJobs,
  purgesAndAttempts,
  quotaRevisions,
  ranksNetwork,
];
