/** The extended query protocol from the client: Parse, Bind, Execute, Describe and Close, judged and forwarded one by one. */
import type { ReadOutcome } from '@sluice/domain';
import { bindValues } from './bind-values.ts';
import { errorOfRefusal, localError } from './errors.ts';
import type { Expected } from './expected.ts';
import { actsWhileParsed, mayCopyIn } from './facts.ts';
import { GuardedRun, isGuarded } from './guarded-run.ts';
import { chain, type Forwarded } from './judging.ts';
import {
  type BindMessage,
  encodeDescribePortal,
  encodeFlush,
  parseBind,
  parseExecute,
  parseParse,
  parseTargeted,
} from './messages/frontend.ts';
import type { PreparedStatement } from './prepared-names.ts';
import type { RelayCore } from './relay-core.ts';
import { refuseExtended, send } from './sending.ts';
import { actingParameter, mayActAsParameter } from './session-knowledge.ts';
import { StatementRun } from './statement-run.ts';
import { type Portal, withFormats } from './statement-table.ts';
import { assertUtf8 } from './text-encoding.ts';
import { dropped, notRun } from './unrun-statements.ts';

/** The message that is being handled. */
export interface CurrentMessage {
  readonly raw: () => Buffer;
  /** Buffer, start and end of what stands behind the length. */
  readonly body: () => [Buffer, number, number];
}

type Done = void | Promise<void>;

export class ExtendedMessages {
  readonly #core: RelayCore;
  readonly #message: CurrentMessage;
  readonly #awaits: (entry: Expected) => void;

  /** `awaits` is told of an answer that must come before the client's next message is handled. */
  constructor(core: RelayCore, message: CurrentMessage, awaits: (entry: Expected) => void) {
    this.#core = core;
    this.#message = message;
    this.#awaits = awaits;
  }

  parse(): Done {
    const core = this.#core;
    const raw = this.#message.raw();
    assertUtf8(...this.#message.body(), 2);
    const { name, text, parameterTypes } = parseParse(...this.#message.body());
    if (!core.statements.hasRoomFor(name, text)) {
      return refuseExtended(
        core,
        localError('54000', 'too many prepared statements in this session', 'Deallocate those no longer needed.'),
        name,
      );
    }
    if (parameterTypes.some((type) => mayActAsParameter(core.knowledge, type)))
      return refuseExtended(core, errorOfRefusal(core.inspector.refuseMessage('Parse', actingParameter)), name);
    return chain(core.judging.judge({ phase: 'prepare', text, binds: [], earlier: null }), (judged) => {
      if (core.skipping) return dropped(judged);
      if (judged.type === 'refuse') {
        judged.statement?.ended();
        return refuseExtended(core, judged.error, name);
      }
      const { permit, statement: handle } = judged.judgement;
      permit.spend();
      const statement: PreparedStatement = {
        kind: 'prepared',
        name,
        text,
        bySql: false,
        doubtful: false,
        handle,
        parameterTypes,
        columns: undefined,
      };
      const change = core.statements.setPrepared(statement);
      core.lanes.parsed(statement);
      const acted = this.#whenActing(judged.outcome);
      send(core, raw, {
        kind: 'parse',
        run: new StatementRun(handle, text, core.knowledge),
        onDone: () => {
          change.done();
          acted();
          handle.ended();
        },
        onUndone: (skipped) => {
          acted();
          change.undone(skipped);
        },
      });
    });
  }

  /**
   * A Parse that may act counts as something that ran and was not read, where its facts do not tell all that it may move; the result is
   * called when its answer came.
   */
  #whenActing(outcome: ReadOutcome): () => void {
    const { knowledge, session } = this.#core;
    const told = outcome.ok && !session.mayMove(outcome.statements);
    // Without a catalogue nothing is proved whatever names mean.
    if (told || knowledge?.loaded == null || !actsWhileParsed(outcome, knowledge)) return () => undefined;
    const moved = this.#core.willMove({
      ok: false,
      reason: 'refused',
      message: 'it acts while parsed',
      position: null,
    });
    return () => {
      moved();
      session.completed(null);
    };
  }

  bind(): Done {
    const core = this.#core;
    const raw = this.#message.raw();
    const bind = parseBind(...this.#message.body());
    return chain(core.confirmPrepared(bind.statement), () => {
      const statement = core.statements.prepared(bind.statement);
      if (statement === undefined) {
        return refuseExtended(core, localError('26000', `prepared statement "${bind.statement}" does not exist`, null));
      }
      if (!core.statements.hasRoomForPortal) {
        return refuseExtended(
          core,
          localError('54000', 'too many open portals in this session', 'Close those no longer needed.'),
        );
      }
      const subject = {
        phase: 'bind',
        text: statement.text,
        binds: bindValues(bind, statement.parameterTypes),
        earlier: statement.handle,
        doubtful: () => statement.doubtful,
      } as const;
      return chain(core.judging.judge(subject), (judged) => {
        if (core.skipping) return dropped(judged);
        if (judged.type === 'refuse') {
          judged.statement?.ended();
          return refuseExtended(core, judged.error);
        }
        return chain(core.lanes.prepareFor(judged.judgement.statement), (problem) => {
          if (core.skipping) return dropped(judged);
          const unknown = problem ?? core.lanes.ensure(statement);
          if (unknown === null) return this.#bound(raw, bind, statement, judged.judgement);
          notRun(judged.judgement.statement, unknown);
          judged.judgement.statement.ended();
          refuseExtended(core, unknown);
        });
      });
    });
  }

  #bound(raw: Buffer, bind: BindMessage, statement: PreparedStatement, judgement: Forwarded): void {
    const core = this.#core;
    const { permit, statement: handle } = judgement;
    permit.spend();
    core.batchBinds = true;
    const portal: Portal = {
      kind: 'portal',
      name: bind.portal,
      statement,
      doubtful: statement.doubtful,
      names: core.session.names(),
      resultFormats: bind.resultFormats,
      handle,
      run: null,
      columns: undefined,
      stretch: core.stretch,
    };
    const undo = core.statements.setPortal(portal);
    core.session.portalMoved(bind.portal);
    send(core, raw, {
      kind: 'bind',
      run: new StatementRun(handle, statement.text, core.knowledge),
      onUndone: undo,
    });
  }

  execute(): Done {
    const core = this.#core;
    const raw = this.#message.raw();
    const { portal: name } = parseExecute(...this.#message.body());
    const portal = core.statements.portal(name);
    if (portal === undefined) {
      return refuseExtended(
        core,
        localError('34000', `portal "${name}" does not exist`, 'Use FETCH for cursors that SQL declared.'),
      );
    }
    if (portal.run !== null && core.session.stillMeans(portal)) return this.#fetchMore(portal, portal.run);
    const subject = {
      phase: 'execute',
      text: portal.statement.text,
      binds: [],
      earlier: portal.handle,
      doubtful: () => portal.doubtful || portal.names !== core.session.names(),
    } as const;
    return chain(core.judging.judge(subject), (judged) => {
      if (core.skipping) return dropped(judged);
      if (judged.type === 'refuse') {
        judged.statement?.ended();
        return refuseExtended(core, judged.error);
      }
      const { permit, statement: handle } = judged.judgement;
      permit.spend();
      const run = new StatementRun(handle, portal.statement.text, core.knowledge);
      portal.run = run;
      this.#needColumns(portal);
      const moved = core.willMove(judged.outcome);
      const onUndone = (): void => {
        moved();
        if (portal.run === run) portal.run = null;
      };
      if (isGuarded(run)) {
        const bytes = Buffer.from(raw);
        return new GuardedRun(core, run, judged.outcome).execute((withheld, undone) => {
          const whole = { kind: 'execute', run, subject: portal, withheld, onDone: moved } as const;
          return send(core, bytes, {
            ...whole,
            onUndone: () => {
              onUndone();
              undone();
            },
          });
        });
      }
      const entry = send(core, raw, { kind: 'execute', run, subject: portal, onDone: moved, onUndone });
      if (mayCopyIn(judged.outcome) || handle.budget !== null) this.#awaitAnswer(entry);
    });
  }

  /**
   * A portal runs once: PostgreSQL answers another Execute with more rows of the same run, or with none ("we are only fetching
   * more rows rather than completely re-executing the query", exec_execute_message). The verdict on that run stands.
   */
  #fetchMore(portal: Portal, run: StatementRun): void {
    run.goOn();
    const entry = send(this.#core, this.#message.raw(), { kind: 'execute', run, subject: portal });
    if (run.handle.budget !== null) this.#awaitAnswer(entry);
  }

  /**
   * The answer must come before anything else is sent. For COPY, because the target ignores a Sync that it reads during COPY; for a
   * limited result, because what the client sent behind it must not run when the result is cut off.
   */
  #awaitAnswer(entry: Expected): void {
    this.#core.toTarget.push(encodeFlush());
    this.#awaits(entry);
  }

  /** Rows cannot be masked without their description: where the client asks for none, the gateway does, and keeps the answer. */
  #needColumns(portal: Portal): void {
    if (portal.columns !== undefined) return;
    const known = portal.statement.columns;
    if (known !== undefined) {
      portal.columns = known === null ? null : withFormats(known, portal.resultFormats);
      return;
    }
    send(this.#core, encodeDescribePortal(portal.name), { kind: 'describe', own: true, aloud: true, subject: portal });
  }

  describe(): void {
    const core = this.#core;
    const { kind, name } = parseTargeted(...this.#message.body());
    const subject = kind === 'statement' ? core.statements.prepared(name) : core.statements.portal(name);
    const unknown = subject?.kind === 'prepared' ? core.lanes.ensure(subject) : null;
    if (unknown === null) send(core, this.#message.raw(), { kind: 'describe', subject: subject ?? null });
    else refuseExtended(core, unknown);
  }

  close(): void {
    const core = this.#core;
    const { kind, name } = parseTargeted(...this.#message.body());
    if (kind === 'portal') {
      core.statements.removePortal(name);
      core.session.portalMoved(name);
      send(core, this.#message.raw(), { kind: 'close' });
      return;
    }
    const { done, undone } = core.statements.removePrepared(name);
    core.lanes.closed(name);
    send(core, this.#message.raw(), { kind: 'close', onDone: done, onUndone: undone });
  }
}
