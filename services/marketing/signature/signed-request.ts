import type { Refusal } from '../refusals.ts';

/** What a signature is about. */
export interface SignedRequest {
  /** The value of a header; undefined if it is absent. @param name in lower case */
  readonly header: (name: string) => string | undefined;
  readonly query: URLSearchParams;
  /** As it came. */
  readonly body: Buffer;
}

/** Who may send: undefined if the request is from the platform. @param now ms since 1970 */
export type Verify = (request: SignedRequest, now: number) => Refusal | undefined;
