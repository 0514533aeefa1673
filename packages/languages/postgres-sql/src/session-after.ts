/** How running a statement changes what the next one may rely on. */
import type { SessionEffect } from '@sluice/domain';
import type { PostgresSessionState } from './context.ts';

/**
 * What the rest of a message may still rely on after a statement (postgres.md, 3). A transaction's end may bring another search path
 * back, so it counts as a change of it.
 */
export function stateAfter(state: PostgresSessionState, effect: SessionEffect): PostgresSessionState {
  switch (effect.type) {
    case 'set':
    case 'reset':
      return effect.name === 'search_path' || effect.name === 'all' ? { ...state, searchPath: null } : state;
    case 'transaction': {
      const op = String(effect.op);
      return ['begin', 'savepoint', 'release'].includes(op) ? state : { ...state, searchPath: null };
    }
    case 'role':
    case 'session-authorization':
      return { ...state, role: null, searchPath: null };
    case 'discard':
      return effect.what === 'all' ? { ...state, role: null, searchPath: null, prepared: {}, cursors: {} } : state;
    case 'ddl':
      return {
        ...state,
        touched: [...state.touched, ...(Array.isArray(effect.objects) ? effect.objects.map(String) : ['*'])],
      };
    case 'temp':
      return { ...state, temporaryObjectsKnown: false };
    case 'prepare':
      return { ...state, prepared: { ...state.prepared, [String(effect.name)]: String(effect.text) } };
    case 'deallocate':
      return { ...state, prepared: effect.name === '' ? {} : without(state.prepared, String(effect.name)) };
    case 'declare':
      return { ...state, cursors: { ...state.cursors, [String(effect.name)]: String(effect.text) } };
    case 'close':
      return { ...state, cursors: effect.name === '' ? {} : without(state.cursors, String(effect.name)) };
    case 'unknown':
      return {
        ...state,
        role: null,
        searchPath: null,
        touched: [...state.touched, '*'],
        temporaryObjectsKnown: false,
        prepared: {},
        cursors: {},
      };
    default:
      return state;
  }
}

/** True when names may mean something else afterwards: what runs late, such as a function's body, is then not what was read. */
export function movesNames(effects: readonly SessionEffect[]): boolean {
  return effects.some(({ type, name, what }) => {
    if (type === 'set' || type === 'reset') return name === 'search_path' || name === 'all';
    return type === 'role' || type === 'session-authorization' || (type === 'discard' && what === 'all');
  });
}

function without(texts: Readonly<Record<string, string>>, name: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(texts).filter(([key]) => key !== name));
}
