/** Every bound of this protocol, with its unit and where the number comes from. */

/** Proofs that one client may present: OpenSSH's own MaxAuthTries. */
export const maxAuthenticationTries = 6;
/** Offers of keys before a signature, which prove nothing and cost an answer each. */
export const maxKeyOffers = 32;
/** Longest native secret, in UTF-8 bytes. */
export const maxSecretBytes = 1_024;
/** Session channels of one client at once; OpenSSH's own MaxSessions is 10. */
export const maxChannels = 32;
/** Refusals of channels and requests that stand in the record one by one. */
export const maxRecordedRefusals = 100;
/** Channels and requests refused before the session ends: nobody asks for so much in good faith. */
export const maxRefusals = 20_000;
/** Key exchanges that a client may ask for in one session, and within `rekeyWindowMs`. OpenSSH's own come each GiB or hour. */
export const maxRekeysInWindow = 20;
export const rekeyWindowMs = 60_000;
/** Longest packet (RFC 4253, 6.1 asks for 35,000; ssh2 stops there too): a longer one ends the session. */
export const maxPacketBytes = 35_000;
/** Longest command of an `exec` request, in UTF-8 bytes: the packet's bound less its head. */
export const maxCommandBytes = 32_768;
/** Bytes that may wait in a socket because the other side reads nothing; above it the session ends. */
export const maxUnsentBytes = 16 * 1024 * 1024;
/** Bytes that a client may send beyond the window that it was given: none, so that one packet ends the session. */
export const maxWindowDebtBytes = 0;
/** Environment variables of one channel that are passed on. */
export const maxEnvironmentVariables = 32;
/** Longest value of one, in characters. */
export const maxEnvironmentCharacters = 1_024;
/** A held-back tail of masked output goes on after this much quiet (ms): shorter than a person notices. */
export const quietFlushMs = 30;
/** A client with a hold hears again that it waits (ms). */
export const stillWaitingMs = 60_000;
/** Longest wait for last words to leave before a stream is destroyed (ms). */
export const goodbyeMs = 2_000;
/** The command that stopped gets this long to end before its channel is closed (ms). */
export const stopGraceMs = 1_000;
/** The target must have let the gateway in within this time (ms). */
export const targetReadyMs = 20_000;
/** A target that answers nothing for three of these is gone (ms). */
export const keepaliveMs = 15_000;
export const keepaliveMisses = 3;
/** Longest answer to the gateway's own question, and longest wait for it. */
export const maxOwnAnswerBytes = 4_096;
export const ownQuestionMs = 5_000;
/** Columns and rows of a terminal that are believed. */
export const maxTerminalCells = 1_000;
/** Exit status of a command that Sluice refused: "found, but cannot be executed" (POSIX, 2.8.2). */
export const refusedExitCode = 126;
/** Exit status of a command that somebody cancelled: 128 and SIGINT. */
export const cancelledExitCode = 130;
/** Output of one command that Sluice's own client keeps, both streams together. */
export const maxClientOutputBytes = 64 * 1024 * 1024;
/** Words of a refusal that Sluice's own client reads, in characters. */
export const maxRefusalCharacters = 8_192;
