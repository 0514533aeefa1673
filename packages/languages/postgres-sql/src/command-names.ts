/** Commands in PostgreSQL's own words (its command tags), for people and indexes. */
import { flagAt, type Tree, textAt } from './tree.ts';

const odd: Readonly<Record<string, string>> = {
  SelectStmt: 'SELECT',
  InsertStmt: 'INSERT',
  UpdateStmt: 'UPDATE',
  DeleteStmt: 'DELETE',
  MergeStmt: 'MERGE',
  CreateStmt: 'CREATE TABLE',
  CreateSeqStmt: 'CREATE SEQUENCE',
  AlterSeqStmt: 'ALTER SEQUENCE',
  CreateStatsStmt: 'CREATE STATISTICS',
  AlterStatsStmt: 'ALTER STATISTICS',
  CreateTrigStmt: 'CREATE TRIGGER',
  CreateEventTrigStmt: 'CREATE EVENT TRIGGER',
  AlterEventTrigStmt: 'ALTER EVENT TRIGGER',
  CreatedbStmt: 'CREATE DATABASE',
  DropdbStmt: 'DROP DATABASE',
  CreatePLangStmt: 'CREATE LANGUAGE',
  CreateFdwStmt: 'CREATE FOREIGN DATA WRAPPER',
  AlterFdwStmt: 'ALTER FOREIGN DATA WRAPPER',
  CreateAmStmt: 'CREATE ACCESS METHOD',
  CreateTableSpaceStmt: 'CREATE TABLESPACE',
  DropTableSpaceStmt: 'DROP TABLESPACE',
  CreateEnumStmt: 'CREATE TYPE',
  CreateRangeStmt: 'CREATE TYPE',
  CompositeTypeStmt: 'CREATE TYPE',
  AlterEnumStmt: 'ALTER TYPE',
  CreateOpClassStmt: 'CREATE OPERATOR CLASS',
  CreateOpFamilyStmt: 'CREATE OPERATOR FAMILY',
  AlterOpFamilyStmt: 'ALTER OPERATOR FAMILY',
  IndexStmt: 'CREATE INDEX',
  ViewStmt: 'CREATE VIEW',
  RuleStmt: 'CREATE RULE',
  TruncateStmt: 'TRUNCATE TABLE',
  SecLabelStmt: 'SECURITY LABEL',
  VariableShowStmt: 'SHOW',
  ClosePortalStmt: 'CLOSE CURSOR',
  CheckPointStmt: 'CHECKPOINT',
  AlterRoleSetStmt: 'ALTER ROLE',
  AlterDatabaseSetStmt: 'ALTER DATABASE',
  ConstraintsSetStmt: 'SET CONSTRAINTS',
  RefreshMatViewStmt: 'REFRESH MATERIALIZED VIEW',
  AlterTSConfigurationStmt: 'ALTER TEXT SEARCH CONFIGURATION',
  AlterTSDictionaryStmt: 'ALTER TEXT SEARCH DICTIONARY',
  LockStmt: 'LOCK TABLE',
  AlterTableMoveAllStmt: 'ALTER TABLE',
};

const transactionWords: Readonly<Record<string, string>> = {
  TRANS_STMT_ROLLBACK_TO: 'ROLLBACK TO SAVEPOINT',
  TRANS_STMT_START: 'START TRANSACTION',
  TRANS_STMT_PREPARE: 'PREPARE TRANSACTION',
};

/** `OBJECT_FOREIGN_TABLE` → `FOREIGN TABLE`. */
export function objectWords(objectType: string): string {
  if (objectType === 'OBJECT_MATVIEW') return 'MATERIALIZED VIEW';
  return objectType.replace(/^OBJECT_/, '').replaceAll('_', ' ');
}

export function commandName(tag: string, node: Tree): string {
  switch (tag) {
    case 'DropStmt':
      return `DROP ${objectWords(textAt(node, 'removeType'))}`;
    case 'AlterTableStmt':
      return `ALTER ${objectWords(textAt(node, 'objtype'))}`;
    case 'RenameStmt':
      return `ALTER ${objectWords(textAt(node, 'renameType'))}`;
    case 'AlterOwnerStmt':
    case 'AlterObjectSchemaStmt':
      return `ALTER ${objectWords(textAt(node, 'objectType'))}`;
    case 'CreateTableAsStmt':
      return textAt(node, 'objtype') === 'OBJECT_MATVIEW' ? 'CREATE MATERIALIZED VIEW' : 'CREATE TABLE AS';
    case 'CreateFunctionStmt':
      return flagAt(node, 'is_procedure') ? 'CREATE PROCEDURE' : 'CREATE FUNCTION';
    case 'DefineStmt':
      return `CREATE ${objectWords(textAt(node, 'kind'))}`;
    case 'GrantStmt':
    case 'GrantRoleStmt':
      return `${flagAt(node, 'is_grant') ? 'GRANT' : 'REVOKE'}${tag === 'GrantRoleStmt' ? ' ROLE' : ''}`;
    case 'VariableSetStmt':
      return /^VAR_RESET/.test(textAt(node, 'kind')) ? 'RESET' : 'SET';
    case 'FetchStmt':
      return flagAt(node, 'ismove') ? 'MOVE' : 'FETCH';
    case 'VacuumStmt':
      return flagAt(node, 'is_vacuumcmd') ? 'VACUUM' : 'ANALYZE';
    case 'TransactionStmt': {
      const kind = textAt(node, 'kind');
      return transactionWords[kind] ?? kind.replace(/^TRANS_STMT_/, '').replaceAll('_', ' ');
    }
    default:
      return (
        odd[tag] ??
        tag
          .replace(/Stmt$/, '')
          .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
          .toUpperCase()
      );
  }
}
