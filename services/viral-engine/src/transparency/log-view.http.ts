import { uuidSchema } from '@dailydoco/http';
import { toBase64 } from '@dailydoco/transparency';
import { z } from 'zod';
import type { Log, LogKey, StoredCheckpoint } from './log.js';
import type { CommissionProof } from './prove.js';
import type { ListedKey } from './read-log.js';

const time = z.string().meta({ format: 'date-time' });
const hash = z.string().meta({ description: '32 bytes in base 64.' });
const noteSchema = z
  .string()
  .meta({ description: 'A signed checkpoint, byte for byte (C2SP tlog-checkpoint in a signed note).' });

export const keysSchema = z
  .object({
    logId: uuidSchema,
    origin: z.string().meta({ description: 'The first line of its checkpoints and the name of its keys.' }),
    keys: z
      .array(
        z.object({
          version: z.int(),
          vkey: z.string().meta({ description: 'The verifier key as signed notes spell it.' }),
          since: time,
          until: time.nullable().meta({ description: 'When the next key took over; null: it signs.' }),
          handover: noteSchema
            .nullable()
            .meta({ description: 'A checkpoint that the key before this one signed too; null for the first key.' }),
        }),
      )
      .meta({ description: 'The newest first.' }),
  })
  .meta({ id: 'LogKeys' });

export const ownLogSchema = z
  .object({
    logId: uuidSchema,
    origin: z.string(),
    url: z.string().meta({ description: 'Below it stand checkpoint, keys and tiles.' }),
    vkey: z
      .string()
      .meta({ description: 'The key that signs now. Keep it: it is what statements are verified against.' }),
    size: z.int().meta({ description: 'Leaves in the latest signed tree.' }),
    checkpoint: noteSchema,
    signedAt: time,
  })
  .meta({ id: 'OwnLog' });

const proofSchema = z.array(hash).meta({ description: 'The audit path (RFC 6962), lowest first.' });

export const consistencySchema = z
  .object({ from: noteSchema, to: noteSchema, proof: proofSchema })
  .meta({ id: 'ConsistencyProof' });

export const commissionProofSchema = z
  .object({
    logId: uuidSchema,
    origin: z.string(),
    checkpoint: noteSchema,
    leaves: z
      .array(
        z.object({
          index: z.int().meta({ description: 'Its place in the log.' }),
          leaf: z.record(z.string(), z.unknown()).meta({
            description: 'What the leaf says. Its canonical JSON (RFC 8785) is what the commitment is over.',
          }),
          blinding: hash.meta({ description: 'The key of the commitment: HMAC-SHA-256 of the leaf, in base 64.' }),
          proof: proofSchema,
        }),
      )
      .meta({ description: 'The commission at its split, then each of its changes.' }),
  })
  .meta({ id: 'CommissionProof' });

export const newKeySchema = z
  .object({ version: z.int(), vkey: z.string().meta({ description: 'The verifier key as signed notes spell it.' }) })
  .meta({ id: 'NewLogKey' });

export function viewKeys({ log, keys }: { log: Log; keys: readonly ListedKey[] }): z.infer<typeof keysSchema> {
  return {
    logId: log.logId,
    origin: log.origin,
    keys: keys.map(({ version, vkey, createdAt, until, handover }) => ({
      version,
      vkey,
      since: createdAt.toISOString(),
      until: until?.toISOString() ?? null,
      handover: handover ?? null,
    })),
  };
}

export function viewOwnLog(
  given: { log: Log; key: LogKey; checkpoint: StoredCheckpoint },
  baseUrl: string,
): z.infer<typeof ownLogSchema> {
  const { log, key, checkpoint } = given;
  return {
    logId: log.logId,
    origin: log.origin,
    url: `${baseUrl}/v1/transparency/${log.logId}`,
    vkey: key.vkey,
    size: checkpoint.size,
    checkpoint: checkpoint.note,
    signedAt: checkpoint.signedAt.toISOString(),
  };
}

export function viewProof({ log, checkpoint, leaves }: CommissionProof): z.infer<typeof commissionProofSchema> {
  return {
    logId: log.logId,
    origin: log.origin,
    checkpoint: checkpoint.note,
    leaves: leaves.map(({ index, leaf, blinding, proof }) => ({
      index,
      leaf,
      blinding: toBase64(blinding),
      proof: proof.map(toBase64),
    })),
  };
}
