// The edges alone, in a process of its own as in production: a benchmark that shares a thread with what it measures
// measures itself. Tells where it listens, and tokens of as many persons as it is asked for.
import { asTenantId, asUserId } from '../src/ids.js';
import { Books } from './books.js';
import { startEdges } from './edges.js';

const [, , database = '', tenantId = '', ...persons] = process.argv;
const books = new Books({ appUrl: database, ownerUrl: database, drop: () => Promise.resolve() });
const edges = await startEdges(books);
const tokens = await Promise.all(persons.map((person) => edges.person(asTenantId(tenantId), asUserId(person))));
process.once(
  'message',
  () =>
    void edges
      .stop()
      .then(() => books.pool.end())
      .then(() => process.exit(0)),
);
process.send?.({ url: edges.url, tokens });
