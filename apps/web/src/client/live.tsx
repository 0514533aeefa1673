'use client';

import type { LiveEvent } from '@sluice/api';
import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from 'react';
import { useTRPC } from './trpc.ts';

export type LiveState = 'connecting' | 'live' | 'reconnecting';

/** A first event refreshes its lists at once; those that follow it within this time do so once, together. */
const coalesceMs = 150;
/** First wait before a stream that the browser gave up is opened again; it doubles up to the longest. */
const firstRetryMs = 500;
const longestRetryMs = 10_000;

const LiveContext = createContext<LiveState>('connecting');

/** Whether this page hears of changes as they happen. */
export function useLiveState(): LiveState {
  return useContext(LiveContext);
}

/**
 * One stream for the whole app: each notice marks the lists of its topic as stale, and those on screen are fetched again. After a
 * gap everything is marked, since what was missed is not known.
 */
export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const [state, setState] = useState<LiveState>('connecting');
  const invalidate = useInvalidateTopics();
  const invalidateRef = useRef(invalidate);
  invalidateRef.current = invalidate;

  useEffect(() => {
    const pending = new Set<LiveEvent['topic']>();
    let source: EventSource | null = null;
    let flushTimer: ReturnType<typeof setTimeout> | undefined;
    let retryTimer: ReturnType<typeof setTimeout> | undefined;
    let retryMs = firstRetryMs;
    let hadGap = false;
    let flushedAt = Number.NEGATIVE_INFINITY;
    let closed = false;

    const flush = () => {
      flushTimer = undefined;
      flushedAt = performance.now();
      const topics = [...pending];
      pending.clear();
      invalidateRef.current(topics);
    };
    const open = () => {
      if (closed) return;
      source = new EventSource('/api/live');
      source.onopen = () => {
        retryMs = firstRetryMs;
        setState('live');
        if (hadGap) invalidateRef.current('all');
        hadGap = false;
      };
      source.onmessage = (message) => {
        const event = readLiveEvent(message.data);
        if (event === null) return;
        pending.add(event.topic);
        flushTimer ??= setTimeout(flush, Math.max(0, flushedAt + coalesceMs - performance.now()));
      };
      source.onerror = () => {
        hadGap = true;
        setState('reconnecting');
        if (source?.readyState !== EventSource.CLOSED) return;
        retryTimer = setTimeout(open, retryMs);
        retryMs = Math.min(retryMs * 2, longestRetryMs);
      };
    };
    open();
    return () => {
      closed = true;
      source?.close();
      clearTimeout(flushTimer);
      clearTimeout(retryTimer);
    };
  }, []);

  return <LiveContext.Provider value={state}>{children}</LiveContext.Provider>;
}

function useInvalidateTopics(): (topics: readonly LiveEvent['topic'][] | 'all') => void {
  const queryClient = useQueryClient();
  const trpc = useTRPC();
  return (topics) => {
    if (topics === 'all') {
      void queryClient.invalidateQueries();
      return;
    }
    for (const topic of topics) void queryClient.invalidateQueries({ queryKey: trpc[topic].pathKey() });
    // The overview and a session's timeline are made of what the other topics tell of.
    void queryClient.invalidateQueries({ queryKey: trpc.overview.pathKey() });
    if (topics.includes('approvals')) void queryClient.invalidateQueries({ queryKey: trpc.sessions.pathKey() });
    if (topics.includes('access')) void queryClient.invalidateQueries({ queryKey: trpc.connections.pathKey() });
    if (topics.includes('gateways')) void queryClient.invalidateQueries({ queryKey: trpc.connections.pathKey() });
  };
}

const topicNames: ReadonlySet<string> = new Set<LiveEvent['topic']>([
  'approvals',
  'sessions',
  'connections',
  'gateways',
  'policies',
  'identities',
  'access',
  'audit',
  'runs',
  'notifications',
]);

/** Null for anything that is not a notice (a comment, an event of a newer server). */
export function readLiveEvent(data: unknown): LiveEvent | null {
  if (typeof data !== 'string') return null;
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value !== 'object' || value === null || !('topic' in value)) return null;
    if (typeof value.topic !== 'string' || !topicNames.has(value.topic)) return null;
    const id = 'id' in value && typeof value.id === 'string' ? value.id : null;
    return { topic: value.topic as LiveEvent['topic'], id };
  } catch {
    return null;
  }
}
