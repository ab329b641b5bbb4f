import { formatMoney, moneyAnswerSchema, uuidSchema } from '@dailydoco/http';
import type { CurrencyCode } from '@dailydoco/money';
import { z } from 'zod';
import type { ChildReport, NetworkReport, Viewer } from './networks.js';
import { scoreOf } from './viral-score.js';

/** Levels that are always told, also when nobody stands there: those that plans may pay. */
const PAID_LEVELS = 7;

const moneyList = z.array(moneyAnswerSchema);
const revenue = moneyList.meta({ description: 'What was bought, less refunds; one amount per currency.' });
const commissions = moneyList.meta({ description: 'What was paid on it, to whomever, less what was taken back.' });
const status = z.enum(['active', 'suspended', 'erased']);
const viralScore = z
  .int()
  .meta({ description: 'What the last weeks brought on levels 1 to 7; half of it after 30 days.' });

export const networkSchema = z
  .object({
    userId: uuidSchema,
    referrerId: uuidSchema.nullable(),
    status,
    joinedAt: z.string().meta({ format: 'date-time' }),
    directCount: z.int().meta({ description: 'People on level 1.' }),
    networkSize: z.int().meta({ description: 'People on all levels, 64 at most.' }),
    byLevel: z.array(z.object({ level: z.int(), count: z.int(), revenue, commissions })),
    own: z.object({ revenue, commissions }).meta({ description: 'Of the person’s own purchases.' }),
    downline: z.object({ revenue, commissions }).meta({ description: 'Of the purchases of everybody below.' }),
    viralScore,
  })
  .meta({ id: 'MemberNetwork', description: 'A member and what stands below.' });

export const childSchema = z
  .object({
    userId: uuidSchema,
    level: z.int().meta({ description: 'Below who asks; for administrators, below {userId}.' }),
    joinedMonth: z.string().meta({ description: 'Year and month in UTC, such as 2026-06.' }),
    directCount: z.int(),
    networkSize: z.int(),
    status: status.optional().meta({ description: 'For administrators.' }),
    joinedAt: z.string().optional().meta({ format: 'date-time', description: 'For administrators.' }),
    viralScore: viralScore.optional().meta({ description: 'For administrators.' }),
  })
  .meta({ id: 'NetworkChild', description: 'One who stands directly below.' });

type Money = NetworkReport['money'][number];

export function viewNetwork(report: NetworkReport, now: Date): z.infer<typeof networkSchema> {
  const { userId, referrerId, joinedAt, peopleByLevel, money, weightedPoints } = report;
  const deepest = Math.max(PAID_LEVELS, ...peopleByLevel.keys(), ...money.map(({ level }) => level));
  const byLevel = Array.from({ length: deepest }, (_, index) => ({
    level: index + 1,
    count: peopleByLevel.get(index + 1) ?? 0,
    ...viewMoney(money.filter(({ level }) => level === index + 1)),
  }));
  return {
    userId,
    referrerId: referrerId ?? null,
    status: report.status,
    joinedAt: joinedAt.toISOString(),
    directCount: peopleByLevel.get(1) ?? 0,
    networkSize: byLevel.reduce((sum, { count }) => sum + count, 0),
    byLevel,
    own: viewMoney(money.filter(({ level }) => level === 0)),
    downline: viewMoney(money.filter(({ level }) => level > 0)),
    viralScore: Number(scoreOf(weightedPoints, now)),
  };
}

export function viewChild(
  child: ChildReport,
  { level, viewer, now }: { level: number; viewer: Viewer; now: Date },
): z.infer<typeof childSchema> {
  const { userId, status: stands, joinedAt, directCount, networkSize, weightedPoints } = child;
  const joined = joinedAt.toISOString();
  return {
    userId,
    level,
    joinedMonth: joined.slice(0, 'YYYY-MM'.length),
    directCount,
    networkSize,
    ...(viewer.isAdmin && {
      status: stands,
      joinedAt: joined,
      viralScore: Number(scoreOf(weightedPoints, now)),
    }),
  };
}

/** Sums per currency, in the order of their codes. */
function viewMoney(rows: readonly Money[]): {
  revenue: z.infer<typeof moneyList>;
  commissions: z.infer<typeof moneyList>;
} {
  const byCurrency = [...Map.groupBy(rows, ({ currency }) => currency)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const list = (amountOf: (row: Money) => bigint) =>
    byCurrency.map(([currency, some]: [CurrencyCode, Money[]]) =>
      formatMoney({ currency, amountMicros: some.reduce((sum, row) => sum + amountOf(row), 0n) }),
    );
  return { revenue: list((row) => row.revenueMicros), commissions: list((row) => row.commissionMicros) };
}
