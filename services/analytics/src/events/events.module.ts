import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { EventsHttp } from './events.http.js';
import { RecordEvents } from './record-events.js';

function recordEvents({ eventWriter: writer, clock, config }: Runtime): RecordEvents {
  return new RecordEvents({ writer, clock, retentionDays: config.EVENT_RETENTION_DAYS });
}

@Module({
  providers: [{ provide: RecordEvents, useFactory: recordEvents, inject: [RUNTIME] }],
  controllers: [EventsHttp],
})
export class EventsModule {}
