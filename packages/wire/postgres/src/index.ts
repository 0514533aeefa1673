export { postgresProtocol } from './protocol.ts';
