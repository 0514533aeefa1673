/** Messages on their way to the target, each with the answer that is expected for it. */
import type { LocalError } from './errors.ts';
import type { Expected, NewExpected } from './expected.ts';
import { encodeParse } from './messages/frontend.ts';
import { refusedStatementName, refusedStatementText } from './refused-statement.ts';
import type { RelayCore } from './relay-core.ts';

/** A message of the extended protocol. */
export function send(core: RelayCore, bytes: Buffer, entry: NewExpected): Expected {
  core.toTarget.push(bytes);
  core.unsynced = true;
  return core.expected.add(entry);
}

/** A message that ends with ReadyForQuery by itself. */
export function sendQuery(core: RelayCore, bytes: Buffer, entry: Partial<Expected>, onDone: () => void): Expected {
  core.unsynced = false;
  core.batchBinds = false;
  const stretch = core.stretch++;
  core.toTarget.push(bytes);
  return core.expected.add({
    ...entry,
    kind: 'query',
    onDone: () => {
      core.stretchEnded(stretch);
      onDone();
    },
    onUndone: onDone,
  });
}

/** A Parse of the constant invalid text fails at the target, which then skips to Sync, as after any error there. */
export function refuseExtended(core: RelayCore, error: LocalError, name = refusedStatementName): void {
  send(core, encodeParse(name, refusedStatementText), { kind: 'parse', refusal: error });
  core.skipping = true;
}
