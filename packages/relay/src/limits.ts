/** Every bound of the relay, with its unit. */

/** Clients at once of one connection's listener, and of all of them. */
export const maxClientsPerConnection = 256;
export const maxClients = 4_096;
/** Milliseconds that a closing client gets to take what is already written to it. */
export const lingerMs = 5_000;
/** PROXY protocol v2: 16 bytes, addresses, and room for the TLVs that load balancers add. */
export const maxProxyHeaderBytes = 536;
/** Milliseconds in which a trusted proxy must have sent its header. */
export const proxyHeaderTimeoutMs = 5_000;
/** Pending connections in the kernel. */
export const listenBacklog = 511;
