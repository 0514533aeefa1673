/** Operations before they reach the target: judged one after the other, held, refused in SFTP's words. */
import { type Refusal, SluiceError } from '@sluice/domain';
import type { JudgeRequest, StatementHandle } from '@sluice/wire-kit';
import type { SftpRequest } from '../subsystem.ts';
import type { Operation } from './operations.ts';
import { factsOf, sftpLanguageName, textOf } from './operations.ts';

export type Judged =
  | { readonly type: 'forward'; readonly statements: readonly StatementHandle[] }
  | { readonly type: 'refuse'; readonly refusal: Refusal };

/** Judges operations that one request carries out together: all of them pass, or none runs. */
export async function judgeAll(request: SftpRequest, operations: readonly Operation[]): Promise<Judged> {
  const statements: StatementHandle[] = [];
  for (const operation of operations) {
    const judgement = await request.inspector.judge(judgeRequest(request, operation));
    if (judgement.type === 'refuse') {
      judgement.statement.ended();
      for (const statement of statements) {
        statement.failed({ code: 'refused', message: 'another part of the request was refused' });
        statement.ended();
      }
      request.warn(judgement.refusal);
      return { type: 'refuse', refusal: judgement.refusal };
    }
    judgement.permit.spend();
    statements.push(judgement.statement);
  }
  return { type: 'forward', statements };
}

function judgeRequest(request: SftpRequest, operation: Operation): JudgeRequest {
  const outcome = { ok: true as const, statements: [factsOf(operation)] };
  const { state } = request;
  return {
    phase: 'run',
    language: sftpLanguageName,
    text: textOf(operation),
    outcome,
    binds: [],
    state,
    definitions: '',
    earlier: null,
    hold: {
      cancelled: request.closed,
      maxWaitMs: null,
      readAgain: () => Promise.resolve({ outcome, state, definitions: '' }),
      waiting: (notice) => request.waiting(notice),
    },
  };
}

export function needsWriter(statements: readonly StatementHandle[]): boolean {
  return statements.some(
    ({ facts }) => !facts.every(({ complete, kind }) => complete && (kind === 'read' || kind === 'session')),
  );
}

/** An expected fault's words; bugs are thrown on. */
export function wordsOf(error: unknown): string {
  if (error instanceof SluiceError) return error.message;
  throw error;
}
