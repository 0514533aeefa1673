/** SSH as the one interface of wire protocols. */
import type { WireProtocol } from '@sluice/wire-kit';
import { acceptClient, type SshClient } from './client-side.ts';
import { commandLanguage, readCommand, stateOf } from './facts.ts';
import { openKnowledge, type SshKnowledge } from './host-facts.ts';
import { sshManifest } from './manifest.ts';
import { relay } from './relay.ts';
import { dialTarget, type SshTarget } from './target-side.ts';
import { testTarget } from './test-target.ts';

export const sshProtocol: WireProtocol<SshClient, SshTarget, SshKnowledge> = {
  manifest: sshManifest,
  acceptClient,
  dialTarget,
  openKnowledge,
  relay,
  readText: async ({ text, dial, knowledge, facts }) => {
    const user = dial.credential.reveal().username;
    return {
      language: commandLanguage,
      outcome: await readCommand(facts, text, { user, known: knowledge?.facts ?? null, terminal: 'none' }),
      state: stateOf(user),
      uncarried: null,
    };
  },
  testTarget,
  listSessions: null,
  rotatePassword: null,
};
