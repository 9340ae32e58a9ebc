import kafkajs, { type PartitionAssigner } from 'kafkajs';
import { z } from 'zod';

/** What a member tells the group about itself: anybody who may describe the group can ask it. */
const address = z.object({
  host: z.string(),
  pid: z.int(),
  /** Where it serves `/livez`, `/metrics` and `/member`; absent: nowhere. */
  url: z.string().optional(),
});

export type MemberAddress = z.infer<typeof address>;

/** kafkajs's own distribution of partitions, by which each member also tells its address. */
export const announcing =
  (own: MemberAddress): PartitionAssigner =>
  (around) => {
    const assigner = kafkajs.PartitionAssigners.roundRobin(around);
    return {
      ...assigner,
      protocol: ({ topics }) => ({
        name: assigner.name,
        metadata: kafkajs.AssignerProtocol.MemberMetadata.encode({
          version: assigner.version,
          topics,
          userData: Buffer.from(JSON.stringify(own)),
        }),
      }),
    };
  };

/** @param metadata as the group keeps it @returns undefined: it is another program's, or tells nothing */
export function addressIn(metadata: Buffer): MemberAddress | undefined {
  try {
    const userData = kafkajs.AssignerProtocol.MemberMetadata.decode(metadata)?.userData;
    return userData === undefined ? undefined : address.parse(JSON.parse(userData.toString()));
  } catch {
    return undefined;
  }
}
