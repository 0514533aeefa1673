/** Every bound of this protocol, with its unit and where the number comes from. */

/** Longest startup packet: PostgreSQL's own MAX_STARTUP_PACKET_LENGTH. */
export const maxStartupBytes = 10_000;
/** Longest message a client may send. PostgreSQL allows 1 GiB; what must be parsed and held in memory is kept smaller. */
export const maxClientMessageBytes = 16 * 1024 * 1024;
/** Longest message a target may send: one row is held in memory while it is masked. */
export const maxTargetMessageBytes = 64 * 1024 * 1024;
/** Longest message of a handshake: PostgreSQL's PG_MAX_AUTH_TOKEN_LENGTH is 65,535 bytes. */
export const maxHandshakeMessageBytes = 65_540;
/** Longest message on the gateway's own control session. */
export const maxControlMessageBytes = 16 * 1024 * 1024;
/** Client bytes kept while a statement waits for its verdict; above it the client's stream is paused. */
export const heldInputBytes = 1024 * 1024;
/** Above this many bytes waiting in a sink, its source is paused until it drains. */
export const sinkMarkBytes = 256 * 1024;
/** Parts below this many bytes together are joined into one write; larger ones are corked. */
export const joinedWriteBytes = 32 * 1024;
/** Prepared statements of one session, both kinds together. */
export const maxPreparedStatements = 4_096;
/** Bytes of the texts of one session's prepared statements together. */
export const maxPreparedTextBytes = 64 * 1024 * 1024;
/** Open portals of one session. */
export const maxPortals = 1_024;
/** Cursors declared by SQL that one session's state keeps. */
export const maxCursors = 1_024;
/** Settings of the client's own making (`app.who`) that are carried to where its writes run; with more they are not. */
export const maxCustomSettings = 32;
/** Statements that begin a transaction (BEGIN, SAVEPOINT) and are sent again where its writes run; with more they are not. */
export const maxPreludeStatements = 16;
/** Objects touched by uncommitted DDL; above it everything counts as touched. */
export const maxTouchedObjects = 1_024;
/** Messages forwarded whose answers have not come; above it the client is paused. */
export const maxOutstandingMessages = 16_384;
/** Longest wait of a hold inside an open transaction, whose locks it keeps (ms). */
export const maxHoldInTransactionMs = 30_000;
/** A client that has closed its sending half still gets its answers for this long; then it counts as gone (ms). */
export const halfCloseMs = 10_000;
/** Longest wait for a clean goodbye before a stream is destroyed (ms). */
export const goodbyeMs = 2_000;
/** Longest wait for a cancel request's own connection (ms). */
export const cancelMs = 5_000;
/** Age at which the catalogue is read again when it is used (ms). */
export const catalogueAgeMs = 30_000;
/** Longest wait for a catalogue that this session's own DDL made old (ms). */
export const catalogueWaitMs = 5_000;
/** What a catalogue holds. With a part of it missing a name could be taken for another's: beyond a bound nothing is known. */
export const maxCatalogueRelations = 20_000;
export const maxCatalogueColumns = 200_000;
export const maxCatalogueDependencies = 200_000;
export const maxCatalogueFunctions = 20_000;
/** Statement and lock timeouts of the gateway's own control session (ms). */
export const controlStatementMs = 10_000;
export const controlLockMs = 1_000;
/** Bytes of one COPY row that may be spread over several CopyData messages. */
export const maxCopyRowBytes = 16 * 1024 * 1024;
/** Startup settings (`options` and parameters) of one client. */
export const maxStartupSettings = 32;
/** NAMEDATALEN less one: the longest application_name. */
export const maxApplicationNameBytes = 63;
/** Longest cancel key that protocol 3.2 allows, and the length that this gateway makes (bytes). */
export const cancelKeyBytes = 32;
/** Rows and bytes that `sluice exec` collects of one run before it stops. */
export const maxStatementClientRows = 1_000_000;
export const maxStatementClientBytes = 256 * 1024 * 1024;
/** A control session that nobody has used for this long is closed (ms). */
export const controlIdleMs = 30_000;
/** Tasks of one connection that wait for its control session. */
export const maxControlWaiters = 64;
