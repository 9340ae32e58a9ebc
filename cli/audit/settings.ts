import { hostPort } from '../../runtime/http/address.ts';

/** Settings of `kaquan audit`. */
export const auditSettings = {
  AUDIT_LISTEN: {
    schema: hostPort,
    help: 'Where kaquan audit --every serves /metrics, /livez and /readyz, HOST:PORT; unset: nowhere.',
  },
} as const;
