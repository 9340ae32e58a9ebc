/** What only a person can mend: trying again is no use. The message says what is wrong and names the way out. */
export class OperatorError extends Error {
  override readonly name: string = 'OperatorError';
}
