/** This protocol's part in running the corpora. */
import { SluiceError } from '@sluice/domain';
import type { CorpusProtocol } from '@sluice/wire-kit';
import { corpusPaths, SshCorpusClient } from './client.ts';
import { stepSchema } from './steps.ts';
import { openCorpusTarget, recognisesAddress } from './target.ts';

export const sshCorpus: CorpusProtocol = {
  paths: corpusPaths,
  around: {
    alone: (text) => text,
    transaction: (text) => `true\n${text}`,
    pipelined: (text) => `true; ${text}`,
  },
  stepSchema,
  recognises: recognisesAddress,
  openClient: ({ openStream, username, secret, answerMs }) =>
    new SshCorpusClient({ openStream, username, secret: secret.reveal(), answerMs }),
  openTarget: openCorpusTarget,
  openUnguarded: () => {
    throw new SluiceError('unsupported', 'forms of SSH are not run unguarded: they would act on the whole host');
  },
};
