#!/usr/bin/env node
// `node dist/topics.js`: makes the fleet's topics that are not there yet, and exits. A job of its own, with an account that
// may create topics; the services' accounts need not. What exists is never altered.
import { defineConfig } from '@dailydoco/config';
import { ensureTopics, kafkaBroker } from '@dailydoco/events';
import { createLogger } from '@dailydoco/telemetry';
import { z } from 'zod';
import { kafkaOptionsOf } from './kafka.js';
import { topicsSettings } from './settings.js';

const config = defineConfig(z.object(topicsSettings));
const logger = createLogger({ service: 'topics' });
const broker = kafkaBroker({ ...kafkaOptionsOf(config), clientId: 'dailydoco-topics' });
const created = await ensureTopics(broker, config.TOPIC_REPLICATION_FACTOR);
logger.info({ created }, created.length === 0 ? 'all topics were there' : 'topics created');
