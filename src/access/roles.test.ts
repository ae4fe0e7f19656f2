import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isTandemError } from '../base/index.ts';
import { ROLES, type Role } from './role.ts';
import { PERMISSIONS, atLeast, can, demand, demandGrant, lesserRole, permissionsOf, type Permission } from './roles.ts';

const permissions = Object.keys(PERMISSIONS) as Permission[];
const of = (role: Role, projectId: string | null = null, ofOperator = true) => ({ role, projectId, ofOperator });
const codeOf = (work: () => void): string | null => {
  try {
    work();
    return null;
  } catch (error) {
    return isTandemError(error) ? error.code : 'other';
  }
};

describe('roles', () => {
  it('stand above one another: each may all that the next lesser one may', () => {
    for (const [at, role] of ROLES.slice(0, -1).entries()) {
      const lesser = permissionsOf(of(ROLES[at + 1]!));
      expect(permissionsOf(of(role))).toEqual(expect.arrayContaining(lesser));
    }
    expect(permissionsOf(of('owner'))).toEqual(permissions);
  });

  it('draw the lines that the rooms rely on', () => {
    expect(can(of('viewer'), 'models.call')).toBe(false);
    expect(can(of('developer'), 'models.call')).toBe(true);
    expect(can(of('developer'), 'keys.write')).toBe(true);
    expect(permissionsOf(of('viewer')).every((permission) => permission.endsWith('.read'))).toBe(true);
    for (const permission of ['members.write', 'prices.write', 'budgets.write', 'bill.write', 'usage.write', 'models.write', 'events.read'] as const) {
      expect(can(of('developer'), permission)).toBe(false);
      expect(can(of('admin'), permission)).toBe(true);
    }
  });

  it('never reach past a project for a key that is bound to one', () => {
    for (const permission of permissions) {
      expect(can(of('owner', 'a project'), permission)).toBe(PERMISSIONS[permission].reach === 'project');
    }
    expect(codeOf(() => demand(of('owner', 'a project'), 'members.write'))).toBe('project_bound');
  });

  it('show what calls cost, and the roots of machines, to the operator\'s people alone, and to no key that is bound to a project', () => {
    for (const role of ROLES) {
      expect(can(of(role), 'costs.read')).toBe(true);
      expect(can(of(role, 'a project'), 'costs.read')).toBe(false);
      expect(can(of(role, null, false), 'costs.read')).toBe(false);
    }
    expect(codeOf(() => demand(of('owner', null, false), 'costs.read'))).toBe('operator_only');
    expect(codeOf(() => demand(of('owner', null, false), 'roots.write'))).toBe('operator_only');
    expect(codeOf(() => demand(of('owner', 'a project'), 'costs.read'))).toBe('project_bound');
    expect(permissionsOf(of('owner', null, false))).toEqual(permissions.filter((permission) => permission !== 'costs.read' && permission !== 'roots.write'));
  });

  it('say which role is needed', () => {
    expect(() => demand(of('viewer'), 'models.call')).toThrow('The role viewer may not call models.');
    expect(codeOf(() => demand(of('viewer'), 'models.call'))).toBe('permission_denied');
  });

  it('are granted up to one\'s own', () => {
    for (const role of ROLES) {
      for (const granted of ROLES) {
        expect(codeOf(() => demandGrant({ role }, granted))).toBe(atLeast(role, granted) ? null : 'role_above_own');
        expect(atLeast(role, lesserRole(role, granted))).toBe(true);
      }
    }
  });

  it('are shown in the documentation as they are', () => {
    const page = readFileSync(new URL('../../docs/how/access.md', import.meta.url), 'utf8');
    const rows = permissions.map((permission) => {
      const { action, reach } = PERMISSIONS[permission];
      const marks = ROLES.map((role) => (can(of(role), permission) ? 'yes' : '–'));
      return `| \`${permission}\` | ${action} | ${marks.join(' | ')} | ${reach === 'project' ? 'yes' : '–'} |`;
    });
    expect(page.split('\n').filter((line) => /^\| `[a-z]+\.[a-z]+` \|/.test(line))).toEqual(rows);
  });
});
