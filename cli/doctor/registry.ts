import { isCompatible, registryClient, valueSubject } from '../../schemas/index.ts';
import { findingsOf, type Finding } from './finding.ts';

const { well, wrong } = findingsOf('registry');

/** Whether the registry answers, and its newest schema and ours read each other. @param url undefined: there is none */
export async function checkRegistry(url: string | undefined, topic: string): Promise<Finding[]> {
  if (url === undefined) return [well('None is set: schema ids are fingerprints.')];
  const subject = valueSubject(topic);
  let newest: string | undefined;
  try {
    newest = await registryClient({ url }).latest(subject);
  } catch (error) {
    return [
      wrong(
        `The schema registry at ${url} does not do its part: ${error instanceof Error ? error.message : String(error)}.`,
        'Start it, or mend SCHEMA_REGISTRY_URL; consumers wait for it when they meet a schema that is new to them.',
      ),
    ];
  }
  if (newest === undefined)
    return [well(`It answers, and has nothing of ${subject} yet: the first producer registers it.`)];
  if (isCompatible(newest))
    return [well(`It answers, and its newest schema of ${subject} and ours read each other.`)];
  return [
    wrong(
      `The newest schema of ${subject} in the registry and ours do not read each other.`,
      'Somebody else registered it: delete that version, set the subject to FULL_TRANSITIVE, or upgrade kaquan.',
    ),
  ];
}
