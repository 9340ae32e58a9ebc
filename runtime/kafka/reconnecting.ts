import type { KafkaAdmin } from './admin.ts';

/** A connection that is made anew after a failure: the broker may have been started again. */
export interface ReconnectingAdmin {
  /** Connects if need be. Rejects as `read` does. */
  use<T>(read: (admin: KafkaAdmin) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function reconnecting(connect: () => Promise<KafkaAdmin>): ReconnectingAdmin {
  let open: Promise<KafkaAdmin> | undefined;
  const close = async (): Promise<void> => {
    const admin = await open?.catch(() => undefined);
    open = undefined;
    await admin?.close().catch(() => undefined);
  };
  return {
    close,
    async use(read) {
      try {
        open ??= connect();
        return await read(await open);
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}
