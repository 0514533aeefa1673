/**
 * The inbox's memory: which approvals the list shows and in which order, which one is open, and whether a key has armed a decision.
 * Pure, so that "never jumps under the pointer" is a property that tests can state. Ids only; the page looks the rest up.
 */
export type DecisionOutcome = 'approve' | 'deny';

/** Whether the open approval can be answered: not, only denied, or both. */
export type CanDecide = boolean | 'deny';

export interface InboxState {
  /** In the list, top first. */
  readonly shown: readonly string[];
  /** Came while the pointer was inside; shown when the person asks or the pointer leaves. Newest first. */
  readonly arrived: readonly string[];
  /** In the list, but no longer in what the API answers: answered, expired or filtered out. Drawn dimmed until they may leave. */
  readonly gone: ReadonlySet<string>;
  readonly selectedId: string | null;
  /** First of the two key presses that decide. */
  readonly armed: DecisionOutcome | null;
  readonly pointerInside: boolean;
}

export type InboxEvent =
  /** The API answered. `reset` on another scope or filter: nothing of the old list is kept. */
  | { readonly type: 'refreshed'; readonly ids: readonly string[]; readonly reset: boolean }
  | { readonly type: 'pointer-entered' }
  | { readonly type: 'pointer-left' }
  | { readonly type: 'show-arrived' }
  | { readonly type: 'moved'; readonly by: 1 | -1 }
  | { readonly type: 'selected'; readonly id: string | null }
  | { readonly type: 'armed'; readonly outcome: DecisionOutcome }
  | { readonly type: 'disarmed' };

export const emptyInbox: InboxState = {
  shown: [],
  arrived: [],
  gone: new Set(),
  selectedId: null,
  armed: null,
  pointerInside: false,
};

export function reduceInbox(state: InboxState, event: InboxEvent): InboxState {
  switch (event.type) {
    case 'refreshed':
      return refresh(state, event.ids, event.reset);
    case 'pointer-entered':
      return { ...state, pointerInside: true };
    case 'pointer-left':
      return settle({ ...state, pointerInside: false });
    case 'show-arrived':
      return { ...state, shown: [...state.arrived, ...state.shown], arrived: [] };
    case 'moved':
      return move(state, event.by);
    case 'selected':
      return select(state, event.id);
    case 'armed':
      return { ...state, armed: event.outcome };
    case 'disarmed':
      return state.armed === null ? state : { ...state, armed: null };
  }
}

function refresh(state: InboxState, ids: readonly string[], reset: boolean): InboxState {
  if (reset) return { ...state, shown: [...ids], arrived: [], gone: new Set() };
  const known = new Set(state.shown);
  const current = new Set(ids);
  const isFirst = state.shown.length === 0 && state.arrived.length === 0;
  if (isFirst) return { ...state, shown: [...ids] };
  // What stands below everything known came by "load more" and belongs at the end; the rest is new.
  const lastKnown = Math.max(...ids.map((id, index) => (known.has(id) ? index : -1)));
  const fresh = ids.filter((id) => !known.has(id));
  const isOlder = (id: string) => lastKnown >= 0 && ids.indexOf(id) > lastKnown;
  const next: InboxState = {
    ...state,
    shown: [...state.shown, ...fresh.filter(isOlder)],
    arrived: fresh.filter((id) => !isOlder(id)),
    gone: new Set(state.shown.filter((id) => !current.has(id))),
  };
  return state.pointerInside ? next : settle(next);
}

/** Nothing is under the pointer: new ones go to the top, and what is gone leaves, except the one that is open. */
function settle(state: InboxState): InboxState {
  const kept = state.shown.filter((id) => !state.gone.has(id) || id === state.selectedId);
  return {
    ...state,
    shown: [...state.arrived, ...kept],
    arrived: [],
    gone: new Set(kept.filter((id) => state.gone.has(id))),
  };
}

function move(state: InboxState, by: 1 | -1): InboxState {
  const at = state.selectedId === null ? -1 : state.shown.indexOf(state.selectedId);
  if (at === -1) return select(state, (by === 1 ? state.shown[0] : state.shown.at(-1)) ?? null);
  const next = state.shown[at + by];
  return next === undefined ? { ...state, armed: null } : select(state, next);
}

/** Another approval opens; a key press meant for the one before must not decide this one. */
function select(state: InboxState, id: string | null): InboxState {
  const left = state.selectedId;
  if (id === left) return state;
  const next = { ...state, selectedId: id, armed: null };
  return state.pointerInside ? next : settle(next);
}

/** What a key does in the inbox, or null for keys that are not ours. */
export function inboxKey(
  key: string,
  state: InboxState,
  canDecide: CanDecide,
):
  | InboxEvent
  | { readonly type: 'decide'; readonly outcome: DecisionOutcome }
  | { readonly type: 'focus-filter' }
  | null {
  switch (key) {
    case 'j':
    case 'ArrowDown':
      return { type: 'moved', by: 1 };
    case 'k':
    case 'ArrowUp':
      return { type: 'moved', by: -1 };
    case '/':
      return { type: 'focus-filter' };
    case 'Escape':
      return { type: 'disarmed' };
    case 'Enter':
      return state.armed !== null && mayDo(state.armed, canDecide) ? { type: 'decide', outcome: state.armed } : null;
    case 'a':
    case 'd': {
      const outcome = key === 'a' ? 'approve' : 'deny';
      if (!mayDo(outcome, canDecide)) return null;
      return state.armed === outcome ? { type: 'decide', outcome } : { type: 'armed', outcome };
    }
    default:
      return null;
  }
}

function mayDo(outcome: DecisionOutcome, can: CanDecide): boolean {
  return can === true || can === outcome;
}
