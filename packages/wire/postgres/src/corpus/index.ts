/** This protocol's part in running the corpora. */
import type { CorpusProtocol } from '@sluice/wire-kit';
import { corpusPaths, PostgresCorpusClient } from './client.ts';
import { stepSchema } from './steps.ts';
import { openCorpusTarget, recognisesAddress, unguardedSource } from './target.ts';

export const postgresCorpus: CorpusProtocol = {
  paths: corpusPaths,
  around: {
    alone: (text) => text,
    transaction: (text) => `BEGIN; ${text}\n; COMMIT`,
    pipelined: (text) => `SELECT 1; ${text}`,
  },
  stepSchema,
  recognises: recognisesAddress,
  openClient: ({ openStream, options, username, secret, answerMs }) =>
    new PostgresCorpusClient({
      openStream: async () => ({ stream: await openStream(), encrypted: true, verified: true, endPoint: null }),
      credential: { username, password: secret.reveal() },
      database: typeof options.database === 'string' ? options.database : null,
      answerMs,
    }),
  openTarget: openCorpusTarget,
  openUnguarded: (address, answerMs) => new PostgresCorpusClient(unguardedSource(address, answerMs)),
};
