import { z } from 'zod';
import type { FileRail } from '../rail.js';
import { objectionToRoutingNumber } from './aba.js';
import { achRail } from './ach.adapter.js';
import type { AchAccount } from './credit-file.js';

const id = z.string().regex(/^[0-9A-Za-z ]{9,10}$/, 'must be 9 or 10 letters and digits');

/** What was agreed with the bank that takes Nacha files; the rail is off without it. */
export const achSettings = {
  ACH_BANK_ROUTING_NUMBER: z
    .string()
    .refine((number) => objectionToRoutingNumber(number) === undefined, 'must be an ABA routing number')
    .optional()
    .meta({ description: 'Routing number of the bank that takes ACH files (the ODFI). The rail is off without it.' }),
  ACH_BANK_NAME: z.string().min(1).max(23).optional().meta({ description: 'Name of that bank in files.' }),
  ACH_COMPANY_NAME: z.string().min(1).max(23).optional().meta({
    description: 'Name of the payer in files; receivers see its first 16 characters on their statements.',
  }),
  ACH_COMPANY_ID: id
    .optional()
    .meta({ description: 'Company identification as the bank gave it, often 1 and the EIN.' }),
  ACH_IMMEDIATE_ORIGIN: id.optional().meta({
    description: 'Immediate origin of files as the bank wants it; the company identification unless told.',
  }),
};

interface AchConfig {
  readonly ACH_BANK_ROUTING_NUMBER?: string | undefined;
  readonly ACH_BANK_NAME?: string | undefined;
  readonly ACH_COMPANY_NAME?: string | undefined;
  readonly ACH_COMPANY_ID?: string | undefined;
  readonly ACH_IMMEDIATE_ORIGIN?: string | undefined;
}

/** The rail of the settings; undefined when it is off. Throws when the settings are there in part only. */
export function achRailOf(config: AchConfig): FileRail<AchAccount> | undefined {
  const { ACH_BANK_ROUTING_NUMBER: bankRoutingNumber, ACH_BANK_NAME: bankName } = config;
  const { ACH_COMPANY_NAME: companyName, ACH_COMPANY_ID: companyId, ACH_IMMEDIATE_ORIGIN: origin } = config;
  const given = [bankRoutingNumber, bankName, companyName, companyId, origin];
  if (given.every((value) => value === undefined)) return undefined;
  if (
    bankRoutingNumber === undefined ||
    bankName === undefined ||
    companyName === undefined ||
    companyId === undefined
  ) {
    throw new Error('ACH_BANK_ROUTING_NUMBER, ACH_BANK_NAME, ACH_COMPANY_NAME and ACH_COMPANY_ID are set together');
  }
  return achRail({ bankRoutingNumber, bankName, companyName, companyId, immediateOrigin: origin ?? companyId });
}
