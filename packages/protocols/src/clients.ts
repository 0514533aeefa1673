/** The one list of Sluice's own clients, by protocol: for `sluice exec` and tests. */
import type { OpenStatementClient } from '@sluice/wire-kit';
import { openStatementClient as openPostgresClient } from '@sluice/wire-postgres/client';
import { postgresManifest } from '@sluice/wire-postgres/manifest';

export const statementClients: Readonly<Record<string, OpenStatementClient>> = {
  [postgresManifest.name]: openPostgresClient,
};

export type { StatementResult } from '@sluice/wire-kit';
export { StatementError } from '@sluice/wire-kit';
