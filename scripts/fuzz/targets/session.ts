/**
 * Prepared statements by name, against a model of the server: whatever is sent, answered, failed and skipped in whatever order, the
 * gateway never takes a name for a text that the server does not have under it, and forgets none that it has.
 */

import type { SessionEffect, StatementFacts } from '@sluice/domain';
import { type Expected, ExpectedQueue } from '../../../packages/wire/postgres/src/expected.ts';
import type { PreparedStatement } from '../../../packages/wire/postgres/src/prepared-names.ts';
import { SessionTracker } from '../../../packages/wire/postgres/src/session-state.ts';
import { StatementTable } from '../../../packages/wire/postgres/src/statement-table.ts';
import { plainStatement } from '../../../packages/wire/postgres/src/testing/plain-facts.ts';
import { type Fuzzed, type FuzzTarget, must } from '../target.ts';

const names = ['', 'a', 'b'] as const;
const actions = [
  'parse',
  'close',
  'bad',
  'sync',
  'prepare',
  'deallocate',
  'deallocate all',
  'hidden',
  'failing',
  'answer',
] as const;

/** What the target does, and the order of its answers. */
class ServerModel {
  readonly prepared = new Map<string, string>();
  readonly answers: ('done' | 'error' | 'ready')[] = [];
  #skipping = false;

  /** A message of the extended protocol. */
  extended(run: () => boolean): void {
    if (this.#skipping) return;
    const ok = run();
    this.answers.push(ok ? 'done' : 'error');
    this.#skipping = !ok;
  }

  sync(): void {
    this.#skipping = false;
    this.answers.push('ready');
  }

  query(run: () => boolean): void {
    if (this.#skipping) return;
    // exec_simple_query begins with drop_unnamed_stmt.
    this.prepared.delete('');
    if (run()) this.answers.push('done');
    else this.answers.push('error');
    this.answers.push('ready');
  }

  parse(name: string, text: string, ok: boolean): boolean {
    // exec_parse_message: the unnamed statement goes before the text is looked at; a name may not be taken.
    if (name === '') this.prepared.delete('');
    if (!ok || (name !== '' && this.prepared.has(name))) return false;
    this.prepared.set(name, text);
    return true;
  }
}

type Table = Pick<StatementTable, 'prepared' | 'preparedStatements'>;

/** What the relay does with each message, without bytes. */
class GatewayModel {
  readonly table: StatementTable;
  readonly #session: SessionTracker;
  readonly #expected = new ExpectedQueue();
  readonly #facts = new WeakMap<Expected, StatementFacts>();
  skipping = false;

  constructor(table: StatementTable) {
    this.table = table;
    this.#session = new SessionTracker('app', table);
  }

  parse(name: string, text: string): void {
    const statement: PreparedStatement = {
      kind: 'prepared',
      name,
      text,
      bySql: false,
      doubtful: false,
      handle: null,
      parameterTypes: [],
      columns: undefined,
    };
    const { done, undone } = this.table.setPrepared(statement);
    this.#expected.add({ kind: 'parse', onDone: done, onUndone: undone });
  }

  close(name: string): void {
    const { done, undone } = this.table.removePrepared(name);
    this.#expected.add({ kind: 'close', onDone: done, onUndone: undone });
  }

  bad(): void {
    this.#expected.add({ kind: 'bind' });
  }

  sync(): void {
    this.skipping = false;
    this.#expected.add({ kind: 'sync' });
  }

  query(facts: StatementFacts): void {
    if (this.#session.mayMove([facts])) {
      if (this.#session.mayHide([facts])) this.table.doubtAll();
      this.#session.willRun([facts]);
    }
    this.#facts.set(this.#expected.add({ kind: 'query' }), facts);
  }

  answer(kind: 'done' | 'error' | 'ready'): void {
    const head = this.#expected.head;
    if (head === null) throw new Error('an answer to nothing');
    if (kind === 'ready') this.#expected.shift();
    else if (head.kind === 'query') {
      const facts = this.#facts.get(head) ?? null;
      if (kind === 'done') this.#session.completed(facts);
      else this.#session.failed(facts);
    } else if (kind === 'done') this.#expected.shift();
    else if (!this.#expected.skipToSync()) this.skipping = true;
  }
}

function play(input: Buffer, table: StatementTable): void {
  const server = new ServerModel();
  const gateway = new GatewayModel(table);
  const answerAll = (): void => {
    for (let next = server.answers.shift(); next !== undefined; next = server.answers.shift()) gateway.answer(next);
  };
  for (let at = 0; at + 1 < Math.min(input.length, 400); at += 2) {
    const action = actions[input[at]! % actions.length]!;
    const name = names[input[at + 1]! % names.length]!;
    if (action === 'answer') {
      const next = server.answers.shift();
      if (next !== undefined) gateway.answer(next);
      continue;
    }
    if (gateway.skipping && action !== 'sync') continue;
    step(action, name, `text ${at}`, (input[at + 1]! & 0x80) === 0, server, gateway);
  }
  if (!gateway.skipping) answerAll();
  gateway.sync();
  server.sync();
  answerAll();
  compare(server, table);
}

function step(
  action: Exclude<(typeof actions)[number], 'answer'>,
  name: string,
  text: string,
  ok: boolean,
  server: ServerModel,
  gateway: GatewayModel,
): void {
  const query = (effects: readonly SessionEffect[], run: () => boolean, more: Partial<StatementFacts> = {}): void => {
    gateway.query({ ...plainStatement(text, effects), ...more });
    server.query(run);
  };
  switch (action) {
    case 'parse':
      gateway.parse(name, text);
      server.extended(() => server.parse(name, text, ok));
      break;
    case 'close':
      gateway.close(name);
      server.extended(() => {
        server.prepared.delete(name);
        return true;
      });
      break;
    case 'bad':
      gateway.bad();
      server.extended(() => false);
      break;
    case 'sync':
      gateway.sync();
      server.sync();
      break;
    case 'prepare':
      query([{ type: 'prepare', name: name || 'c', text }], () => ok && server.parse(name || 'c', text, true));
      break;
    case 'deallocate':
      query([{ type: 'deallocate', name: name || 'c' }], () => server.prepared.delete(name || 'c'));
      break;
    case 'deallocate all':
      query([{ type: 'deallocate', name: '' }], () => {
        server.prepared.clear();
        return true;
      });
      break;
    case 'hidden':
      query(
        [],
        () => {
          server.prepared.delete('a');
          if (ok) server.prepared.set('a', `${text}, out of sight`);
          return true;
        },
        { complete: false, kind: 'unknown', incompleteBecause: 'a function acts' },
      );
      break;
    case 'failing':
      query([], () => false);
  }
}

function compare(server: ServerModel, table: Table): void {
  for (const { name, text, doubtful } of table.preparedStatements()) {
    const there = server.prepared.get(name);
    must(doubtful || there === undefined || there === text, () => `"${name}" is taken for ${text}, and is ${there}`);
  }
  for (const [name, text] of server.prepared)
    must(table.prepared(name) !== undefined || text.endsWith('sight'), () => `"${name}" (${text}) was forgotten`);
}

function target(name: string, newTable: () => StatementTable): FuzzTarget {
  return {
    name,
    checks: 'a name never stands for a text that the server does not have under it, and none that it has is forgotten',
    seeds: [
      [0, 0, 3, 0, 9, 0],
      [0, 1, 0, 1, 3, 0, 9, 0, 9, 0],
      [0, 1, 2, 0, 1, 1, 3, 0],
      [4, 1, 5, 1, 6, 0, 7, 1, 8, 0],
      [0, 1, 7, 1, 9, 0, 9, 0, 3, 0],
    ].map((bytes) => Buffer.from(bytes)),
    words: actions.flatMap((_, i) => names.map((_one, j) => Buffer.from([i, j]))),
    run: (input) => play(input, newTable()),
  };
}

/** The bug: a Parse that failed is not taken back. */
class TrustingTable extends StatementTable {
  override setPrepared(statement: PreparedStatement): ReturnType<StatementTable['setPrepared']> {
    const { done, undone } = super.setPrepared(statement);
    return { done, undone: statement.name === 'b' ? done : undone };
  }
}

export const session: Fuzzed = {
  real: target('session', () => new StatementTable()),
  planted: target('session (planted)', () => new TrustingTable()),
};
