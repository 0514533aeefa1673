export type { TestDatabase } from './database.ts';
export { startTestDatabase } from './database.ts';
