/** PostgreSQL as the one interface of wire protocols. */
import type { WireProtocol } from '@sluice/wire-kit';
import { acceptClient, type PostgresClient } from './client-side.ts';
import { openKnowledge, type PostgresKnowledge } from './knowledge.ts';
import { postgresManifest } from './manifest.ts';
import { listSessions } from './other-sessions.ts';
import { rotatePassword } from './password-rotation.ts';
import { readText } from './read-text.ts';
import { relay } from './relay.ts';
import { dialTarget, type PostgresTarget } from './target-side.ts';
import { testTarget } from './test-target.ts';
import { revertChange } from './undo-revert.ts';

export const postgresProtocol: WireProtocol<PostgresClient, PostgresTarget, PostgresKnowledge> = {
  manifest: postgresManifest,
  acceptClient,
  dialTarget,
  openKnowledge,
  relay,
  readText,
  testTarget,
  listSessions,
  rotatePassword,
  revertChange,
};
