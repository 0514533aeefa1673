/** Statements that change roles, rights, the server's reach or its configuration. */
import type { EffectVerb } from '@sluice/domain';
import type { Analysis, StatementReader } from './analysis.ts';
import { fireEventTriggers, storePayload } from './definitions.ts';
import type { Tree } from './tree.ts';

interface Privilege {
  readonly verb: EffectVerb;
  /** Why it also destroys; null when it does not. */
  readonly destroys: string | null;
}

const widens: Privilege = { verb: 'widen', destroys: null };
const replicates: Privilege = { verb: 'replicate', destroys: null };
const drops = (what: string): Privilege => ({ verb: 'drop', destroys: `a DROP ${what}` });

const privileges: Readonly<Record<string, Privilege>> = {
  CreateRoleStmt: widens,
  AlterRoleStmt: widens,
  AlterRoleSetStmt: widens,
  DropRoleStmt: drops('ROLE'),
  DropOwnedStmt: drops('OWNED'),
  ReassignOwnedStmt: widens,
  AlterOwnerStmt: widens,
  AlterDefaultPrivilegesStmt: widens,
  SecLabelStmt: widens,
  CreatePolicyStmt: widens,
  AlterPolicyStmt: widens,
  AlterSystemStmt: widens,
  AlterDatabaseStmt: widens,
  AlterDatabaseSetStmt: widens,
  AlterDatabaseRefreshCollStmt: widens,
  CreatedbStmt: { verb: 'create', destroys: null },
  DropdbStmt: drops('DATABASE'),
  CreateTableSpaceStmt: { verb: 'create', destroys: null },
  AlterTableSpaceOptionsStmt: widens,
  DropTableSpaceStmt: drops('TABLESPACE'),
  CreateExtensionStmt: widens,
  AlterExtensionStmt: widens,
  AlterExtensionContentsStmt: widens,
  CreatePLangStmt: widens,
  CreateAmStmt: widens,
  CreateFdwStmt: widens,
  AlterFdwStmt: widens,
  CreateForeignServerStmt: widens,
  AlterForeignServerStmt: widens,
  CreateForeignTableStmt: widens,
  ImportForeignSchemaStmt: widens,
  CreateUserMappingStmt: widens,
  AlterUserMappingStmt: widens,
  DropUserMappingStmt: drops('USER MAPPING'),
  CreateEventTrigStmt: widens,
  AlterEventTrigStmt: widens,
  CreatePublicationStmt: replicates,
  AlterPublicationStmt: replicates,
  CreateSubscriptionStmt: replicates,
  AlterSubscriptionStmt: replicates,
  DropSubscriptionStmt: { verb: 'replicate', destroys: 'a DROP SUBSCRIPTION' },
  CheckPointStmt: { verb: 'maintain', destroys: null },
  LoadStmt: { verb: 'program', destroys: null },
};

function readPrivilege(privilege: Privilege): StatementReader {
  return (a: Analysis, node: Tree) => {
    a.facts.raise('privilege');
    fireEventTriggers(a);
    a.facts.effect(privilege.verb);
    if (privilege.destroys !== null) a.facts.destroys(privilege.destroys);
    a.facts.session({ type: 'ddl', objects: ['*'] });
    storePayload(a, node);
  };
}

function grant(a: Analysis, node: Tree): void {
  a.facts.raise('privilege');
  fireEventTriggers(a);
  a.facts.effect(node.is_grant === true ? 'grant' : 'revoke');
  storePayload(a, node);
}

export const privilegeReaders: Readonly<Record<string, StatementReader>> = {
  ...Object.fromEntries(Object.entries(privileges).map(([tag, privilege]) => [tag, readPrivilege(privilege)])),
  GrantStmt: grant,
  GrantRoleStmt: grant,
};
