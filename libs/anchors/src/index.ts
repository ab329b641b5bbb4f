export {
  ABI,
  addressOf,
  ARTIFACT,
  type Chain,
  deploy,
  FeeTooHigh,
  keyOf,
  type LastAnchor,
  lastAnchor,
  type Place,
  post,
} from './contract.js';
