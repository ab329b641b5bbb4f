import { z } from 'zod';
import type { FileRail } from '../rail.js';
import type { SepaAccount } from './credit-transfer-file.js';
import { electronicIban, isBic, objectionToIban } from './iban.adapter.js';
import { sepaRail } from './sepa.adapter.js';

/** The account that SEPA transfers leave from; the rail is off without it. */
export const sepaSettings = {
  SEPA_DEBTOR_NAME: z.string().min(1).max(140).optional().meta({
    description: 'Holder of the bank account that SEPA payouts leave from. The rail is off without it.',
  }),
  SEPA_DEBTOR_IBAN: z
    .string()
    .transform(electronicIban)
    .refine((iban) => objectionToIban(iban) === undefined, 'must be an IBAN')
    .optional()
    .meta({ description: 'IBAN of that account; set together with the name.' }),
  SEPA_DEBTOR_BIC: z
    .string()
    .refine(isBic, 'must be a BIC of 8 or 11 capital characters')
    .optional()
    .meta({ description: 'BIC of the bank of that account, where the bank asks for one.' }),
};

interface SepaConfig {
  readonly SEPA_DEBTOR_NAME?: string | undefined;
  readonly SEPA_DEBTOR_IBAN?: string | undefined;
  readonly SEPA_DEBTOR_BIC?: string | undefined;
}

/** The rail of the settings; undefined when it is off. Throws when the settings are there in part only. */
export function sepaRailOf(config: SepaConfig): FileRail<SepaAccount> | undefined {
  const { SEPA_DEBTOR_NAME: name, SEPA_DEBTOR_IBAN: iban, SEPA_DEBTOR_BIC: bic } = config;
  if (name === undefined && iban === undefined && bic === undefined) return undefined;
  if (name === undefined || iban === undefined)
    throw new Error('SEPA_DEBTOR_NAME and SEPA_DEBTOR_IBAN are set together');
  return sepaRail({ name, iban, bic });
}
