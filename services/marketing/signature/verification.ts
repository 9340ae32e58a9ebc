import { OperatorError } from '../../../runtime/process/operator-error.ts';
import type { MarketingConfig } from '../config.ts';
import { publicKeyIn, secretIn } from './files.ts';
import { legacySha1Signature } from './legacy-sha1.ts';
import { rsaSignature } from './rsa.ts';
import type { Verify } from './signed-request.ts';

type SignatureConfig = Pick<
  MarketingConfig,
  'MARKETING_SIGNATURE' | 'MARKETING_PUBLIC_KEY_FILE' | 'MARKETING_TOKEN_FILE' | 'MARKETING_SKEW_SECONDS'
>;

/** How requests are proven to come from the platform. @throws {OperatorError} if what that needs is not set or not there */
export function verification(config: SignatureConfig): Verify {
  switch (config.MARKETING_SIGNATURE) {
    case 'rsa':
      return rsaOf(config) ?? missing('rsa', 'MARKETING_PUBLIC_KEY_FILE', "the platform's public key");
    case 'legacy_sha1':
      return legacyOf(config);
    case 'none':
      return () => undefined;
  }
}

function rsaOf({
  MARKETING_PUBLIC_KEY_FILE: file,
  MARKETING_SKEW_SECONDS: skew,
}: SignatureConfig): Verify | undefined {
  return file === undefined
    ? undefined
    : rsaSignature(publicKeyIn(file, 'MARKETING_PUBLIC_KEY_FILE'), skew * 1000);
}

// Of two signatures the stronger decides, where there is the key to check it.
function legacyOf(config: SignatureConfig): Verify {
  const { MARKETING_TOKEN_FILE: file, MARKETING_SKEW_SECONDS: skew } = config;
  if (file === undefined)
    return missing('legacy_sha1', 'MARKETING_TOKEN_FILE', 'the token of the old signature');
  const rsa = rsaOf(config);
  const legacy = legacySha1Signature(secretIn(file, 'MARKETING_TOKEN_FILE'), skew * 1000);
  return (request, now) =>
    (request.header('byte-signature') === undefined ? legacy : (rsa ?? legacy))(request, now);
}

function missing(scheme: string, setting: string, what: string): never {
  throw new OperatorError(
    `MARKETING_SIGNATURE=${scheme} needs ${setting}: the file that holds ${what}. ` +
      'MARKETING_SIGNATURE=none answers anybody, and is for tests only.',
  );
}
