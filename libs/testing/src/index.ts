export { type FakeClock, fakeClock } from './determinism.js';
export { type Cut, startTcpProxy, type TcpProxy } from './tcp-proxy.js';
export { sourceHooks } from './source-hooks.js';
export { type CollectedSpan, readSpans, type SpanCollector, startSpanCollector } from './span-collector.js';
export { getStores, type TestStores, uniqueTopicPrefix } from './stores.js';
export { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './test-database.js';
export { TokenSigner } from './token-signer.js';
export { barrier, eventually } from './waiting.js';
