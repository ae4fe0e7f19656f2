import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { ModelsDoor } from '../../faces.ts';

/** What is kept of callers' content, and what is said of replies. */
export function contentRoutes(models: Pick<ModelsDoor, 'kept' | 'purge' | 'feedback' | 'training' | 'contributions'>): Binding[] {
  return [
    handle(routes.feedbackSummary, ({ principal, query }) => models.feedback.summary(principal, query)),
    handle(routes.feedbackExport, ({ principal, query }) => models.training.page(principal, query)),
    handle(routes.contentList, ({ principal }) => models.kept(principal)),
    handle(routes.contributionShow, ({ principal, params }) => models.contributions.figures(principal, params.id)),
    handle(routes.contentPurge, ({ principal, params, body }) => models.purge(principal, params.id, body.name)),
  ];
}
