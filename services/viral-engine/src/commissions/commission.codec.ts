import {
  CommissionKind as ProtoKind,
  CommissionStatus as ProtoStatus,
} from '@dailydoco/proto/dailydoco/viral/events/v1/viral_events';
import type { CommissionStatus } from './entry-life.js';
import type { CommissionKind } from './split.js';

const STATUS: Readonly<Record<CommissionStatus, ProtoStatus>> = {
  pending: ProtoStatus.COMMISSION_STATUS_PENDING,
  held: ProtoStatus.COMMISSION_STATUS_HELD,
  available: ProtoStatus.COMMISSION_STATUS_AVAILABLE,
  reversed: ProtoStatus.COMMISSION_STATUS_REVERSED,
  forfeited: ProtoStatus.COMMISSION_STATUS_FORFEITED,
};

const KIND: Readonly<Record<CommissionKind, ProtoKind>> = {
  level: ProtoKind.COMMISSION_KIND_LEVEL,
  website_bonus: ProtoKind.COMMISSION_KIND_WEBSITE_BONUS,
};

/** Our status in the spelling of the wire. */
export function protoStatus(status: CommissionStatus): ProtoStatus {
  return STATUS[status];
}

/** Our kind in the spelling of the wire. */
export function protoKind(kind: CommissionKind): ProtoKind {
  return KIND[kind];
}
