/** Clients of databases. A statement in another language is read by that language where the parse worker has it. */
import type { Programs } from '../program.ts';

export const databasePrograms: Programs = {
  psql: {
    does: 'chatter',
    reader: 'sql',
    language: 'postgres-sql',
    options:
      '-AaEeHlnqSstWwXxz01bV -c=text -d=text -f=opaque -F=text -h=text -L=write -o=write -P=text -p=text -R=text -T=text -U=text -v=text --command=text --dbname=text --file=opaque --list --no-psqlrc --single-transaction --echo-all --echo-errors --echo-queries --echo-hidden --log-file=write --no-readline --output=write --quiet --no-align --csv --field-separator=text --html --pset=text --record-separator=text --tuples-only --expanded --host=text --port=text --username=text --no-password --password --set=text --variable=text',
    operands: 'text text',
  },
  pg_isready: {
    does: 'read',
    options:
      '-q -d=text -h=text -p=text -t=text -U=text --quiet --dbname=text --host=text --port=text --timeout=text --username=text',
  },
  pg_dump: {
    does: 'read',
    options:
      '-abBcCOsSvxwW -d=text -f=write -F=text -h=text -j=text -n=text -N=text -p=text -t=text -T=text -U=text -Z=text --dbname=text --file=write --format=text --host=text --port=text --username=text --schema-only --data-only --table=text --schema=text --exclude-table=text --no-owner --no-privileges --column-inserts --inserts --if-exists --clean --create',
    operands: 'text',
  },
  pg_restore: { does: 'destroy', because: 'it may overwrite a database', reader: 'opens', operands: 'text*' },
  dropdb: { does: 'destroy', because: 'it drops a database', reader: 'opens', operands: 'text*' },
  createdb: { does: 'create', reader: 'opens', operands: 'text*' },
  pg_ctl: { does: 'privilege', because: 'it steers a server', reader: 'opens', operands: 'text*' },
  mysql: {
    does: 'opaque',
    because: 'it runs a text in a language that is not read here',
    reader: 'opens',
    operands: 'text*',
  },
  mariadb: {
    does: 'opaque',
    because: 'it runs a text in a language that is not read here',
    reader: 'opens',
    operands: 'text*',
  },
  mysqldump: {
    does: 'opaque',
    because: 'it runs a text in a language that is not read here',
    reader: 'opens',
    operands: 'text*',
  },
  mysqladmin: { does: 'opaque', because: 'it steers a server', reader: 'opens', operands: 'text*' },
  sqlite3: {
    does: 'opaque',
    because: 'it runs a text in a language that is not read here',
    reader: 'opens',
    operands: 'text*',
  },
  mongosh: {
    does: 'opaque',
    because: 'it runs a text in a language that is not read here',
    reader: 'opens',
    operands: 'text*',
  },
  mongo: {
    does: 'opaque',
    because: 'it runs a text in a language that is not read here',
    reader: 'opens',
    operands: 'text*',
  },
  'redis-cli': {
    does: 'opaque',
    because: 'it runs a text in a language that is not read here',
    reader: 'opens',
    operands: 'text*',
  },
  sqlcmd: {
    does: 'opaque',
    because: 'it runs a text in a language that is not read here',
    reader: 'opens',
    operands: 'text*',
  },
  'clickhouse-client': {
    does: 'opaque',
    because: 'it runs a text in a language that is not read here',
    reader: 'opens',
    operands: 'text*',
  },
  cqlsh: {
    does: 'opaque',
    because: 'it runs a text in a language that is not read here',
    reader: 'opens',
    operands: 'text*',
  },
  vault: { does: 'opaque', because: 'it reaches a store of secrets', reader: 'opens', operands: 'text*' },
  consul: { does: 'opaque', because: 'it reaches a store of settings', reader: 'opens', operands: 'text*' },
  etcdctl: { does: 'opaque', because: 'it reaches a store of settings', reader: 'opens', operands: 'text*' },
};
