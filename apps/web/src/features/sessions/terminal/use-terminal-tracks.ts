'use client';

import type { SessionDetail, TerminalPage } from '@sluice/api';
import { skipToken, useQuery, useQueryClient } from '@tanstack/react-query';
import { Terminal } from '@xterm/xterm';
import { useCallback, useEffect, useRef, useState } from 'react';
import { askedAlone, useTRPC } from '../../../client/trpc.ts';
import { firstPieceOptions } from './first-piece.ts';
import { ScreenIndex, scrollbackLines } from './screen-index.ts';
import { addPage, type TerminalTrack } from './track.ts';

const pieceChunks = 1_000;
/** The first screen is drawn before what makes seeking quick is begun. ms. */
const indexAfterMs = 200;
/** Pages hear of what was read and indexed this often at most, in ms. */
const tellEveryMs = 150;

export interface IndexedTrack {
  readonly track: TerminalTrack;
  readonly index: ScreenIndex;
}

export interface TerminalTracks {
  /** In the order of their opening. They grow: `version` changes when they did. */
  readonly tracks: readonly IndexedTrack[];
  readonly version: number;
  /** How much of what was recorded so far is here, from 0 to 1. */
  readonly loaded: number;
  readonly error: unknown;
  readonly retry: () => void;
}

/** Reads a session's terminals piece by piece, and goes on as the recording grows. */
export function useTerminalTracks(session: SessionDetail): TerminalTracks {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const store = useRef(new TrackStore());
  const [version, setVersion] = useState(0);
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  const { chunks } = session.chain;
  const take = useCallback((fromChunk: number, page: TerminalPage): boolean => {
    const { current } = store;
    // Whoever asked for the same piece may have been faster.
    if (current.nextChunk !== fromChunk || page.nextChunk === fromChunk) return false;
    current.nextChunk = page.nextChunk;
    if (addPage(current.tracks, page)) current.changed(setVersion);
    else setVersion((before) => before + 1);
    return true;
  }, []);
  useNextPage(session, store.current.nextChunk, take);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `attempt` asks for another try.
  useEffect(() => {
    let cancelled = false;
    const read = async () => {
      const { current } = store;
      while (!cancelled && current.nextChunk < chunks) {
        const fromChunk = current.nextChunk;
        const page = await queryClient.fetchQuery(
          fromChunk === 0
            ? firstPieceOptions(trpc, session.id)
            : trpc.sessions.readTerminal.queryOptions(
                { id: session.id, fromChunk, mostChunks: pieceChunks },
                { ...askedAlone, staleTime: 0, gcTime: 0 },
              ),
        );
        if (cancelled || (!take(fromChunk, page) && current.nextChunk === fromChunk)) return;
      }
      setVersion((before) => before + 1);
    };
    setError(null);
    read().catch((cause: unknown) => {
      if (!cancelled) setError(cause);
    });
    return () => {
      cancelled = true;
    };
  }, [session.id, chunks, attempt, queryClient, trpc, take]);
  useEffect(() => {
    const { current } = store;
    return () => current.dispose();
  }, []);

  return {
    tracks: store.current.indexed(),
    version,
    loaded: chunks === 0 ? 1 : Math.min(1, store.current.nextChunk / chunks),
    error,
    retry: useCallback(() => setAttempt((before) => before + 1), []),
  };
}

/**
 * What comes next in a running session: a notice asks this query again at once, where waiting for the session's own new size would be a
 * question more.
 */
function useNextPage(
  session: SessionDetail,
  nextChunk: number,
  onPage: (fromChunk: number, page: TerminalPage) => void,
): void {
  const trpc = useTRPC();
  const isLive = session.state === 'live' && nextChunk > 0;
  const input = isLive ? { id: session.id, fromChunk: nextChunk, mostChunks: pieceChunks } : skipToken;
  const { data } = useQuery(trpc.sessions.readTerminal.queryOptions(input, { ...askedAlone, gcTime: 0 }));
  const tell = useRef(onPage);
  tell.current = onPage;
  useEffect(() => {
    if (data !== undefined) tell.current(nextChunk, data);
  }, [data, nextChunk]);
}

class TrackStore {
  readonly tracks = new Map<string, TerminalTrack>();
  nextChunk = 0;
  #indexes = new Map<TerminalTrack, ScreenIndex>();
  #indexing = false;
  #toldAt = 0;
  #telling: ReturnType<typeof setTimeout> | undefined;

  indexed(): readonly IndexedTrack[] {
    return [...this.tracks.values()].flatMap((track) => {
      const index = this.#indexes.get(track);
      return index === undefined ? [] : [{ track, index }];
    });
  }

  /** Reads on in every index, and says so now and then. */
  changed(tell: (update: (before: number) => number) => void): void {
    for (const track of this.tracks.values()) {
      if (!this.#indexes.has(track)) this.#indexes.set(track, new ScreenIndex(track, hiddenTerminal));
    }
    this.#tell(tell);
    if (this.#indexing) return;
    this.#indexing = true;
    void this.#indexAll(tell).finally(() => {
      this.#indexing = false;
    });
  }

  /** React runs effects twice while developing: what is thrown away here is made again. */
  dispose(): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
  }

  async #indexAll(tell: (update: (before: number) => number) => void): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, indexAfterMs));
    for (let more = true; more; ) {
      more = false;
      for (const index of this.#indexes.values()) more = (await index.readSlice()) || more;
      this.#tell(tell);
    }
  }

  #tell(tell: (update: (before: number) => number) => void): void {
    const wait = Math.max(0, this.#toldAt + tellEveryMs - Date.now());
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined;
      this.#toldAt = Date.now();
      tell((before) => before + 1);
    }, wait);
  }
}

function hiddenTerminal(cols: number, rows: number): Terminal {
  return new Terminal({ cols, rows, scrollback: scrollbackLines });
}
