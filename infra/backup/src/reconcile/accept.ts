import { acceptRestore } from '@dailydoco/database';
import { type ServiceName, StartError } from '@dailydoco/local';
import { withSql } from '../hold.js';
import { type Report, reportDigest } from './report.js';

/**
 * Says, for good and in each held database, that somebody takes the differences of this report: the services take changes
 * again within seconds. Throws StartError when nothing is held.
 */
export async function accept(
  report: Report,
  given: { acceptedBy: string; reason: string; ownerUrlOf: (service: ServiceName) => string },
): Promise<ServiceName[]> {
  const services = [...new Set(report.held.map(({ service }) => service))];
  if (services.length === 0)
    throw new StartError('There is nothing to accept.', {
      why: 'no database is held: none was restored, or each restore was accepted already',
      todo: 'leave --accept out to see the report alone',
    });
  // All addresses first: a missing one must not leave half of the services held.
  const urls = services.map((service) => given.ownerUrlOf(service));
  const reportSha256 = reportDigest(report);
  for (const url of urls)
    await withSql(url, (sql) =>
      acceptRestore(sql, { acceptedBy: given.acceptedBy, reason: given.reason, reportSha256 }),
    );
  return services;
}
