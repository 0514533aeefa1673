/** File operations as statements. Until they are, the subsystem is refused. */
import type { SftpRequest } from '../subsystem.ts';

/** Resolves with the channel's exit status when the client or the target has ended it. Never rejects. */
export function serveSftp(request: SftpRequest): Promise<number> {
  request.warn(request.inspector.refuseMessage('sftp', 'this gateway does not read file operations yet'));
  return Promise.resolve(1);
}
