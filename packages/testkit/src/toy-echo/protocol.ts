import type { TargetKnowledge, WireProtocol } from '@sluice/wire-kit';
import { acceptToyClient, type ToyClient } from './client-side.ts';
import { toyEchoManifest } from './manifest.ts';
import { relayToyEcho } from './relay.ts';
import { dialToyTarget, type ToyTarget, testToyTarget } from './target-side.ts';
import { toyLanguageName } from './toy-language.ts';

/** A whole protocol in one folder: adding it changed no file outside. */
export const toyEcho: WireProtocol<ToyClient, ToyTarget, TargetKnowledge> = {
  manifest: toyEchoManifest,
  acceptClient: acceptToyClient,
  dialTarget: dialToyTarget,
  openKnowledge: () => Promise.resolve(null),
  relay: relayToyEcho,
  readText: async ({ text, dial, facts }) => {
    const refused = String(dial.options.refused);
    return {
      language: toyLanguageName,
      outcome: await facts.read({
        language: toyLanguageName,
        text,
        session: { refused },
        sessionKey: refused,
        catalogue: null,
      }),
      state: { database: '', role: null, searchPath: null, inTransaction: false },
      uncarried: null,
    };
  },
  testTarget: testToyTarget,
  listSessions: null,
  rotatePassword: null,
};
