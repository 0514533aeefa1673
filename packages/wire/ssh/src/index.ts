export { sshProtocol } from './protocol.ts';
