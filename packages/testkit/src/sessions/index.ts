export { BreakableSpool } from './breakable-spool.ts';
export { MemoryApprovals } from './memory-approvals.ts';
export { admin, agent, defaultPolicySource, engineer, owner, SessionWorld } from './session-world.ts';
export { socketPair } from './socket-pair.ts';
