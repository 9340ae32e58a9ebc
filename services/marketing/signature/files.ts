import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { OperatorError } from '../../../runtime/process/operator-error.ts';

const WEAK_BITS = 2048;

/** The RSA public key in a PEM file. @throws {OperatorError} if there is none, or a weak one */
export function publicKeyIn(file: string, setting: string): KeyObject {
  const key = keyOf(contentOf(file, setting), file, setting);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < WEAK_BITS)
    throw new OperatorError(`${setting}=${file} must hold an RSA public key of at least ${WEAK_BITS} bits.`);
  return key;
}

function keyOf(pem: string, file: string, setting: string): KeyObject {
  // The public key can be had of a private one, which nobody but its owner may keep.
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem))
    throw new OperatorError(
      `${setting}=${file} holds a private key: take it away from here, and put the platform's public key in its place.`,
    );
  try {
    return createPublicKey(pem);
  } catch (error) {
    throw new OperatorError(
      `${setting}=${file} must hold a public key in PEM, as the platform's console gives it (-----BEGIN PUBLIC KEY-----).`,
      { cause: error },
    );
  }
}

/** The secret in a file, without the space around it. @throws {OperatorError} if there is none */
export function secretIn(file: string, setting: string): string {
  const secret = contentOf(file, setting).trim();
  if (secret === '') throw new OperatorError(`${setting}=${file} is empty: write the token into it.`);
  return secret;
}

function contentOf(file: string, setting: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorError(`${setting}=${file} can't be read: ${reason}`, { cause: error });
  }
}
