/** The lines that leave the gateway as the only way to a target, for an administrator of the target to read, change and run. */
import type { Road } from '@sluice/domain';
import type { Rights } from './rights.ts';

export interface RoadsRequest {
  readonly writer: Rights;
  /** Null also where it could not be read. */
  readonly reader: Rights | null;
  readonly hasReader: boolean;
  readonly encrypted: boolean;
  readonly port: number;
}

export function roadsOf({ writer, reader, hasReader, encrypted, port }: RoadsRequest): Road[] {
  const roles = [...new Set([writer.role, ...(reader === null ? [] : [reader.role])])];
  const roads = [hostBased(writer, roles, encrypted), connectRight(writer, roles), network(writer, port)];
  return hasReader ? roads : [makeReader(writer), ...roads];
}

function makeReader(writer: Rights): Road {
  const { database } = writer;
  return {
    title: 'Make a reader (SQL, as an administrator)',
    note: 'Then enter it as the connection’s reader credential. Repeat the grants for every schema that agents read.',
    text: [
      "CREATE ROLE sluice_reader LOGIN NOINHERIT PASSWORD 'choose one';",
      `GRANT CONNECT ON DATABASE ${identifier(database)} TO sluice_reader;`,
      'GRANT USAGE ON SCHEMA public TO sluice_reader;',
      'GRANT SELECT ON ALL TABLES IN SCHEMA public TO sluice_reader;',
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${identifier(writer.role)} IN SCHEMA public GRANT SELECT ON TABLES TO sluice_reader;`,
    ].join('\n'),
  };
}

function hostBased({ database, clientAddress }: Rights, roles: readonly string[], encrypted: boolean): Road {
  const who = `${hbaWord(database)} ${roles.map(hbaWord).join(',')}`;
  const address = clientAddress === null ? null : `${clientAddress}/${clientAddress.includes(':') ? 128 : 32}`;
  const type = encrypted ? 'hostssl' : 'host   ';
  return {
    title: 'pg_hba.conf, above every other line',
    note: [
      address === null
        ? 'The gateway came over a socket of this machine.'
        : `The target sees the gateway as ${clientAddress}.`,
      encrypted ? '' : 'This connection does not use TLS: turn it on and write hostssl.',
      'With several gateways or a moving address give each its line. Then run SELECT pg_reload_conf() and look at pg_hba_file_rules for errors.',
    ]
      .filter((part) => part !== '')
      .join(' '),
    text: [
      '# Sluice’s gateway, and nobody else, as these roles.',
      address === null ? `local   ${who} scram-sha-256` : `${type} ${who} ${address} scram-sha-256`,
      ...(address === null ? [] : [`local   ${who} reject`]),
      `host    ${who} all reject`,
      '# Nobody else into this database at all: leave out, or put your own administrators above, where others have to come in.',
      `local   ${hbaWord(database)} all reject`,
      `host    ${hbaWord(database)} all all reject`,
    ].join('\n'),
  };
}

function connectRight({ database, otherLogins }: Rights, roles: readonly string[]): Road {
  return {
    title: 'The right to connect (SQL, as an administrator)',
    note: `${otherLogins} other ${otherLogins === 1 ? 'role that can log in may' : 'roles that can log in may'} connect to ${database} now. Each of them is a road past Sluice.`,
    text: [
      `REVOKE CONNECT, TEMPORARY ON DATABASE ${identifier(database)} FROM PUBLIC;`,
      `GRANT CONNECT ON DATABASE ${identifier(database)} TO ${roles.map(identifier).join(', ')};`,
      '-- Who still may:',
      `SELECT rolname FROM pg_roles WHERE rolcanlogin AND has_database_privilege(oid, ${literal(database)}, 'CONNECT');`,
    ].join('\n'),
  };
}

function network({ clientAddress }: Rights, port: number): Road {
  const from = clientAddress ?? 'the gateway’s address';
  return {
    title: 'Network',
    note: 'Let only the gateway reach the port, in the cloud’s security group or on the host. Rotate the credential too: whoever knows the old password needs no road of ours.',
    text: [
      `nft add rule inet filter input ip saddr != ${from} tcp dport ${port} drop`,
      "# and in postgresql.conf only the interface that the gateway comes in by: listen_addresses = '…'",
    ].join('\n'),
  };
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Quoted, a name of pg_hba.conf is never a keyword such as `all` (PostgreSQL manual, "The pg_hba.conf File"). */
function hbaWord(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
