export { type FakeClock, fakeClock } from './determinism.js';
export { getStores, type TestStores, uniqueTopicPrefix } from './stores.js';
export { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './test-database.js';
export { barrier, eventually } from './waiting.js';
