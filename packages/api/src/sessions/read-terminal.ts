import type { ChunkRow, Db } from '@sluice/database';
import { listChunks } from '@sluice/database';
import { decodeEvents, decodeText, type RecordingEvent, readChunk } from '@sluice/recording';
import { z } from 'zod';
import { id } from '../inputs.ts';
import { query } from '../procedure.ts';
import type { TerminalPage } from '../terminal-views.ts';
import { visibleSession } from './visible-session.ts';

/** Chunks of one piece: a chunk is half a second of a busy terminal. */
const maxPieceChunks = 1_000;
/** Chunks of one question to the database. */
const chunksAtOnce = 100;
/** Characters after which a piece ends with its chunk. */
const maxPieceCharacters = 1024 * 1024;
/** Postgres' largest `integer`. */
const maxChunkIndex = 2_147_483_647;

/** What happened on a session's terminals, piece by piece, as it was recorded: masked, and not made safe to show. */
export const readTerminal = query({
  permission: 'sessions.read.own',
  input: z.strictObject({
    id,
    fromChunk: z.int().min(0).max(maxChunkIndex),
    mostChunks: z.int().min(1).max(maxPieceChunks).default(maxPieceChunks),
  }),
  run: async ({ input, db, caller }): Promise<TerminalPage> => {
    const session = await visibleSession(db, input.id, caller, 'sessions.read');
    const piece = new Piece();
    const end = Math.min(session.chunkCount, input.fromChunk + input.mostChunks);
    let next = input.fromChunk;
    for await (const chunk of chunksOf(db, session.id, input.fromChunk, end)) {
      for (const event of decodeEvents(readChunk(chunk.bytes))) piece.add(event);
      next = chunk.index + 1;
      if (piece.characters >= maxPieceCharacters) break;
    }
    return { ...piece.view(), nextChunk: next, chunks: session.chunkCount, sealed: session.sealed };
  },
});

async function* chunksOf(db: Db, sessionId: string, from: number, end: number): AsyncGenerator<ChunkRow> {
  for (let next = from; next < end; ) {
    const rows = await listChunks(db, sessionId, next, Math.min(chunksAtOnce, end - next));
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    next = last.index + 1;
  }
}

class Piece {
  characters = 0;
  readonly #opened: TerminalPage['opened'][number][] = [];
  readonly #kinds: string[] = [];
  readonly #at: number[] = [];
  readonly #of: number[] = [];
  readonly #ids: string[] = [];
  readonly #texts: string[] = [];

  add(event: RecordingEvent): void {
    switch (event.type) {
      case 'terminal.opened': {
        const { terminalId, statementId, columns, rows, term, at } = event;
        this.#opened.push({ id: terminalId, statementId, columns, rows, term, at });
        return;
      }
      case 'terminal.output':
        this.#push('o', event.at, event.terminalId, textOf(event));
        return;
      case 'terminal.input':
        this.#push('i', event.at, event.terminalId, textOf(event));
        return;
      case 'terminal.resized':
        this.#push('r', event.at, event.terminalId, `${event.columns}x${event.rows}`);
        return;
      case 'terminal.closed':
        this.#push(
          'x',
          event.at,
          event.terminalId,
          event.signal ?? (event.exitCode === null ? '' : String(event.exitCode)),
        );
        return;
      case 'gap':
        this.#push('g', event.at, null, event.reason);
        return;
      default:
        return;
    }
  }

  view(): Pick<TerminalPage, 'opened' | 'kinds' | 'at' | 'of' | 'ids' | 'texts'> {
    return {
      opened: this.#opened,
      kinds: this.#kinds.join(''),
      at: this.#at,
      of: this.#of,
      ids: this.#ids,
      texts: this.#texts,
    };
  }

  #push(kind: string, at: number, terminalId: string | null, text: string): void {
    this.#kinds.push(kind);
    this.#at.push(at);
    this.#of.push(terminalId === null ? -1 : this.#indexOf(terminalId));
    this.#texts.push(text);
    this.characters += text.length;
  }

  #indexOf(terminalId: string): number {
    const known = this.#ids.indexOf(terminalId);
    return known >= 0 ? known : this.#ids.push(terminalId) - 1;
  }
}

/** Bytes that are no UTF-8 are shown as terminals show them: with replacement characters. */
function textOf(event: { readonly text: string; readonly encoding?: 'base64' | undefined }): string {
  return event.encoding === undefined ? event.text : decodeText(event).toString('utf8');
}
