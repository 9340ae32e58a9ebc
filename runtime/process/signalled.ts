export interface Signalled {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

/** A promise that somebody else resolves. */
export function signalled(): Signalled {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
