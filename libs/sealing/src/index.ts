export { KEY_BYTES, NONCE_BYTES, keyFor, seal, unseal } from './sealed.js';
export { fingerprint } from './fingerprint.js';
