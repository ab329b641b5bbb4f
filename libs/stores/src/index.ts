export { type AdvertisedListener, type KafkaOptions, type KafkaStore, startKafka } from './kafka.js';
export { ensureKafkaJars, KAFKA_VERSION } from './kafka-jars.js';
export { type PostgresOptions, type PostgresStore, startPostgres, walArchiveSettings } from './postgres.js';
export { type RedisOptions, type RedisStore, startRedis } from './redis.js';
export { freePort, listens, StoreError } from './store-process.js';
export { type DebianProgram, ensureDebianPackages, ensureSystemPackages } from './system-packages.js';
