export type { LastWords } from './last-words.ts';
export type { RelayOptions } from './relay-clients.ts';
export type { ListenerProblem, ListenerWish } from './relay-listeners.ts';
export { RelayListeners } from './relay-listeners.ts';
export { relayStream, relayWebSocket } from './relay-web-socket.ts';
export { TunnelRegistry } from './tunnel-registry.ts';
