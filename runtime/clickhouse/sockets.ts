/** Connections at most, unless told. */
export const MOST_CONNECTIONS = 10;

/** Half of the servers' own 3 s (older ones), so that no request is written to a connection that is being closed. */
export const IDLE_SOCKET_TTL_MS = 1_500;
