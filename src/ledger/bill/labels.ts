import type { NamesPort } from '../ports.ts';

/** A project's name as bills say it. Usage of a key that is bound to no project is booked under the organisation itself. */
export function projectLabel(names: NamesPort, organisationId: string, projectId: string): string {
  return projectId === organisationId ? '(no project)' : (names.projectName(projectId) ?? projectId);
}

/** A key's name as bills say it; its id where the name is not known. */
export function keyLabel(names: NamesPort, keyId: string | null): string | null {
  return keyId === null ? null : (names.keyName(keyId) ?? keyId);
}
