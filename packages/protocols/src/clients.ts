/** The lists of Sluice's own clients, by protocol: for `sluice exec`, `sluice corpus` and tests. */
import type { CorpusProtocol, OpenStatementClient } from '@sluice/wire-kit';
import { openStatementClient as openPostgresClient } from '@sluice/wire-postgres/client';
import { postgresCorpus } from '@sluice/wire-postgres/corpus';
import { postgresManifest } from '@sluice/wire-postgres/manifest';
import { openStatementClient as openSshClient } from '@sluice/wire-ssh/client';
import { sshCorpus } from '@sluice/wire-ssh/corpus';
import { sshManifest } from '@sluice/wire-ssh/manifest';

export const statementClients: Readonly<Record<string, OpenStatementClient>> = {
  [postgresManifest.name]: openPostgresClient,
  [sshManifest.name]: openSshClient,
};

export const corpusProtocols: Readonly<Record<string, CorpusProtocol>> = {
  [postgresManifest.name]: postgresCorpus,
  [sshManifest.name]: sshCorpus,
};

export type {
  CorpusAnswer,
  CorpusClient,
  CorpusFixture,
  CorpusForm,
  CorpusOutcome,
  CorpusProtocol,
  CorpusTarget,
  Delivery,
  FormPosition,
  StatementClient,
  StatementResult,
} from '@sluice/wire-kit';
export { formPositions, StatementError } from '@sluice/wire-kit';
