export { type KafkaOptions, type KafkaStore, startKafka } from './kafka.js';
export { ensureKafkaJars, KAFKA_VERSION } from './kafka-jars.js';
export { type PostgresOptions, type PostgresStore, startPostgres } from './postgres.js';
export { type RedisOptions, type RedisStore, startRedis } from './redis.js';
export { freePort, listens, StoreError } from './store-process.js';
export { ensureSystemPackages } from './system-packages.js';
