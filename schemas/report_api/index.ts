export { CODES, parseAnswer, type ReportAnswer } from './answer.ts';
export {
  ANY_APP,
  covers,
  credentialOf,
  CredentialsError,
  credentialsFile,
  issuedCredential,
  readCredentials,
  type Credential,
  type Credentials,
} from './credentials.ts';
export {
  checkQuery,
  MAX_NONCE,
  REPORT_PATHS,
  reportQuery,
  type Attempt,
  type CheckedQuery,
  type QueryCheck,
  type QueryRules,
  type ReportMode,
} from './query.ts';
export { isSignature, signatureOf, type Signed } from './signature.ts';
