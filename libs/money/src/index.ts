export {
  type Money,
  MICROS_PER_UNIT,
  MAX_PURCHASE_MICROS,
  parseDecimal,
  formatDecimal,
  floorToMinorUnit,
  isWholeMinorUnits,
} from './amounts.js';
export { BPS, mulDivFloor, allocate, allocateFloor, type Allocation } from './arithmetic.js';
export { type CurrencyCode, type MinorDigits, CURRENCIES, isCurrency, currencyOf, minorDigits } from './currencies.js';
