import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyInbox, type InboxEvent, type InboxState, inboxKey, reduceInbox } from './inbox.ts';

const run = (...events: InboxEvent[]): InboxState => events.reduce(reduceInbox, emptyInbox);
const refreshed = (...ids: string[]): InboxEvent => ({ type: 'refreshed', ids, reset: false });

describe('the list', () => {
  test('new ones go to the top when the pointer is elsewhere', () => {
    expect(run(refreshed('a', 'b'), refreshed('c', 'a', 'b')).shown).toEqual(['c', 'a', 'b']);
  });

  test('new ones wait while the pointer is inside, and come in when it leaves', () => {
    const inside = run(refreshed('a', 'b'), { type: 'pointer-entered' }, refreshed('d', 'c', 'a', 'b'));
    expect(inside.shown).toEqual(['a', 'b']);
    expect(inside.arrived).toEqual(['d', 'c']);
    expect(reduceInbox(inside, { type: 'pointer-left' }).shown).toEqual(['d', 'c', 'a', 'b']);
    expect(reduceInbox(inside, { type: 'show-arrived' })).toMatchObject({ shown: ['d', 'c', 'a', 'b'], arrived: [] });
  });

  test('an answered one keeps its place under the pointer and leaves afterwards', () => {
    const inside = run(refreshed('a', 'b', 'c'), { type: 'pointer-entered' }, refreshed('a', 'c'));
    expect(inside.shown).toEqual(['a', 'b', 'c']);
    expect([...inside.gone]).toEqual(['b']);
    expect(reduceInbox(inside, { type: 'pointer-left' }).shown).toEqual(['a', 'c']);
  });

  test('the open one stays, with its outcome, until another is opened', () => {
    const open = run(refreshed('a', 'b'), { type: 'selected', id: 'a' }, refreshed('b'));
    expect(open.shown).toEqual(['a', 'b']);
    expect(reduceInbox(open, { type: 'moved', by: 1 })).toMatchObject({ selectedId: 'b', shown: ['b'] });
  });

  test('a waiting arrival that is answered meanwhile never comes in', () => {
    const state = run(refreshed('a'), { type: 'pointer-entered' }, refreshed('b', 'a'), refreshed('a'), {
      type: 'pointer-left',
    });
    expect(state.shown).toEqual(['a']);
  });

  test('"load more" goes to the end', () => {
    expect(run(refreshed('a', 'b'), { type: 'pointer-entered' }, refreshed('a', 'b', 'c')).shown).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  test('another filter starts afresh', () => {
    expect(
      run(refreshed('a', 'b'), { type: 'pointer-entered' }, { type: 'refreshed', ids: ['x'], reset: true }).shown,
    ).toEqual(['x']);
  });
});

describe('keys', () => {
  test('j and k move and stop at the ends', () => {
    const start = run(refreshed('a', 'b'));
    const first = reduceInbox(start, { type: 'moved', by: 1 });
    expect(first.selectedId).toBe('a');
    expect(reduceInbox(first, { type: 'moved', by: -1 }).selectedId).toBe('a');
    const second = reduceInbox(first, { type: 'moved', by: 1 });
    expect(reduceInbox(second, { type: 'moved', by: 1 }).selectedId).toBe('b');
  });

  test('the second press decides', () => {
    const open = run(refreshed('a'), { type: 'selected', id: 'a' });
    expect(inboxKey('a', open, true)).toEqual({ type: 'armed', outcome: 'approve' });
    const armed = reduceInbox(open, { type: 'armed', outcome: 'approve' });
    expect(inboxKey('a', armed, true)).toEqual({ type: 'decide', outcome: 'approve' });
    expect(inboxKey('Enter', armed, true)).toEqual({ type: 'decide', outcome: 'approve' });
    expect(inboxKey('d', armed, true)).toEqual({ type: 'armed', outcome: 'deny' });
  });

  test('Enter alone decides nothing, nor does any key where the person may not', () => {
    const open = run(refreshed('a'), { type: 'selected', id: 'a' });
    expect(inboxKey('Enter', open, true)).toBeNull();
    expect(inboxKey('a', { ...open, armed: 'approve' }, false)).toBeNull();
    expect(inboxKey('Enter', { ...open, armed: 'approve' }, false)).toBeNull();
  });
});

const ids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'));
const anyEvent: fc.Arbitrary<InboxEvent> = fc.oneof(
  ids.map((list): InboxEvent => ({ type: 'refreshed', ids: list, reset: false })),
  fc.constantFrom<InboxEvent>(
    { type: 'pointer-entered' },
    { type: 'pointer-left' },
    { type: 'show-arrived' },
    { type: 'moved', by: 1 },
    { type: 'moved', by: -1 },
    { type: 'armed', outcome: 'approve' },
    { type: 'armed', outcome: 'deny' },
    { type: 'disarmed' },
  ),
);

test('under the pointer no row moves, unless the person asked', () => {
  fc.assert(
    fc.property(fc.array(anyEvent), fc.array(anyEvent), (before, during) => {
      let state = reduceInbox(before.reduce(reduceInbox, emptyInbox), { type: 'pointer-entered' });
      for (const event of during) {
        if (event.type === 'pointer-left' || event.type === 'show-arrived') continue;
        const shown = state.shown;
        state = reduceInbox(state, event);
        expect(state.shown.slice(0, shown.length)).toEqual(shown);
      }
    }),
  );
});

test('an armed decision never carries over to another approval', () => {
  fc.assert(
    fc.property(fc.array(anyEvent), (events) => {
      let state = emptyInbox;
      for (const event of events) {
        const before = state;
        state = reduceInbox(state, event);
        if (state.selectedId !== before.selectedId) expect(state.armed).toBeNull();
        expect(new Set(state.shown).size).toBe(state.shown.length);
      }
    }),
  );
});
