import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import type { RecordingsDoor } from '../../faces.ts';

/** What was recorded of sessions in leases. */
export function recordingRoutes(recordings: RecordingsDoor): Binding[] {
  return [
    handle(routes.recordingList, ({ principal, params }) => recordings.list(principal, params.id)),
    handle(routes.recordingWatch, ({ principal, params }) => recordings.watch(principal, params.id)),
    handle(routes.recordingRemove, ({ principal, params }) => recordings.remove(principal, params.id)),
  ];
}
