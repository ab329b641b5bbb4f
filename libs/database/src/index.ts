export { isTransientDatabaseError, isUniqueViolation, LostCommitError } from './database-errors.js';
export { type DatabaseTransactionOptions, inDatabaseTransaction } from './database-transaction.js';
export { GroupWriter, type GroupWriterOptions } from './group-writer.js';
export { Lease, type LeaseOptions } from './lease.js';
export {
  MigrationError,
  type MigrationSource,
  runMigrations,
  type RunMigrationsOptions,
  waitForSchema,
  type WaitForSchemaOptions,
} from './migrations.js';
export { createPool, type PoolOptions } from './pool.js';
export { prepared } from './prepared.js';
export { prismaAdapter, type PrismaRawQuery, prismaSql } from './prisma.js';
export {
  acceptRestore,
  databaseMigrations,
  openRestoreHolds,
  type RestoreHold,
  writeRestoreHold,
} from './restore-hold.js';
export type { DatabaseTransaction, Sql } from './sql.js';
