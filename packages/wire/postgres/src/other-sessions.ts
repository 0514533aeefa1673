/** Who else is logged in at the target as a connection's role. */
import type { TargetSession } from '@sluice/domain';
import type { DialRequest } from '@sluice/wire-kit';
import { dialTarget } from './target-side.ts';

/**
 * One of the closed list of texts that the gateway itself sends: client sessions of this database and this very role, whose details
 * the role may see, and no statement's text. A session that is just opening is left to the next look, when the gateway knows its own.
 */
export const otherSessionsText = `SELECT a.pid::pg_catalog.text, a.usename::pg_catalog.text, a.application_name, pg_catalog.host(a.client_addr),
  pg_catalog.to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
FROM pg_catalog.pg_stat_activity AS a
WHERE a.datname OPERATOR(pg_catalog.=) pg_catalog.current_database() AND a.usename OPERATOR(pg_catalog.=) session_user
  AND a.backend_type OPERATOR(pg_catalog.=) 'client backend' AND NOT a.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
  AND a.backend_start OPERATOR(pg_catalog.<) (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.make_interval(secs => 10))
ORDER BY a.backend_start LIMIT 2000`;

/** The end of an application_name that a gateway gives (`applicationName` of target-side). Anybody can write it. */
const claim = /\[sluice [^\]]*\]?$/;

/** Throws SluiceError when the target cannot be asked. */
export async function listSessions(request: DialRequest): Promise<TargetSession[]> {
  const session = await dialTarget(request);
  try {
    return (await session.query(otherSessionsText)).map(([id, account, application, address, since]) => ({
      id: id ?? '',
      account: account ?? '',
      application: application ?? null,
      address: address ?? null,
      since: since ?? null,
      claims: claim.test(application ?? ''),
    }));
  } finally {
    await session.close();
  }
}
