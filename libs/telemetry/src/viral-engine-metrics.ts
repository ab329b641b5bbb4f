import type { MetricSpec } from './metric-spec.js';

/** The metrics of viral-engine; a part of METRICS. */
export const VIRAL_ENGINE_METRICS = {
  dailydoco_clicks_dropped_total: {
    kind: 'counter',
    unit: '{click}',
    description:
      'Clicks not recorded. reason: full, failed, killed. The killed stood in the journal of a killed process and could not be stored from it.',
    labels: ['reason'],
  },
  dailydoco_clicks_ignored_total: {
    kind: 'counter',
    unit: '{click}',
    description: 'Requests for referral links that are no click of a person. reason: head, prefetch, bot.',
    labels: ['reason'],
  },
  dailydoco_first_purchase_conversions_total: {
    kind: 'counter',
    unit: '{purchase}',
    description:
      'Purchases that named a coupon or a click: those that gave their buyer a referrer, and those that changed nothing. outcome: converted, unchanged.',
    labels: ['outcome'],
  },
  dailydoco_clicks_recorded_total: {
    kind: 'counter',
    unit: '{click}',
    description: 'Clicks on referral links recorded.',
    labels: [],
  },
  dailydoco_clicks_recovered_total: {
    kind: 'counter',
    unit: '{click}',
    description: 'Clicks of the recorded that a killed process had answered and not stored; its journal had them.',
    labels: [],
  },
  dailydoco_clicks_unjournalled_total: {
    kind: 'counter',
    unit: '{click}',
    description:
      'Clicks that the journal did not take: a kill before they are stored loses them, and nothing counts it.',
    labels: [],
  },
  dailydoco_commissions_accrued_total: {
    kind: 'counter',
    unit: '{commission}',
    description: 'Commissions accrued at the split of a purchase.',
    labels: ['kind'],
  },
  dailydoco_fraud_decisions_total: {
    kind: 'counter',
    unit: '{decision}',
    description:
      'Decisions of people about reviews, once for each rule that had a part in the review. decision: cleared, confirmed.',
    labels: ['rule', 'decision'],
  },
  dailydoco_fraud_oldest_review_age_seconds: {
    kind: 'gauge',
    unit: 's',
    description: 'Age of the oldest review that nobody has decided; 0 when there is none.',
    labels: [],
  },
  dailydoco_fraud_reviews_opened_total: {
    kind: 'counter',
    unit: '{review}',
    description: 'Reviews opened: what somebody earns from a purchase was held.',
    labels: [],
  },
  dailydoco_fraud_signals_total: {
    kind: 'counter',
    unit: '{signal}',
    description: 'What fraud rules found.',
    labels: ['rule'],
  },
  dailydoco_log_leaves_total: {
    kind: 'counter',
    unit: '{leaf}',
    description: 'Leaves of transparency logs made. kind: entry, change.',
    labels: ['kind'],
  },
  dailydoco_log_oldest_waiting_age_seconds: {
    kind: 'gauge',
    unit: 's',
    description: 'Age of the oldest commission or change that waits for its leaf; 0: none does.',
    labels: [],
  },
  dailydoco_log_anchors_total: {
    kind: 'counter',
    unit: '{anchor}',
    description:
      'Anchors of transparency logs that were due. outcome: posted, dear (the chain asks for more than is allowed), rewritten (the log does not go on from its anchor), failed.',
    labels: ['outcome'],
  },
  dailydoco_log_anchor_overdue_seconds: {
    kind: 'gauge',
    unit: 's',
    description:
      'How long the latest anchor of a transparency log is overdue, or the chain could not be asked; 0: none is.',
    labels: [],
  },
  dailydoco_log_sweep_found_purchases_total: {
    kind: 'counter',
    unit: '{purchase}',
    description:
      'Purchases found without a leaf by the search through all of them. kind: earlier (from before the log), late (not logged within a minute).',
    labels: ['kind'],
  },
  dailydoco_log_waiting_purchases: {
    kind: 'gauge',
    unit: '{purchase}',
    description: 'Purchases of which something waits to be logged.',
    labels: [],
  },
  dailydoco_network_waiting_members: {
    kind: 'gauge',
    unit: '{member}',
    description:
      'Members who wait for a task of the network, 100,000 at most. work: count (for those above), move (their upline stands aside).',
    labels: ['work'],
  },
  dailydoco_overdue_disputes: {
    kind: 'gauge',
    unit: '{dispute}',
    description: 'Disputes of partners that are undecided past their deadline.',
    labels: [],
  },
  dailydoco_webhook_events_received_total: {
    kind: 'counter',
    unit: '{event}',
    description: 'Events that billing systems sent. outcome: stored, duplicate, ignored, refused.',
    labels: ['outcome'],
  },
  dailydoco_webhook_events_settled_total: {
    kind: 'counter',
    unit: '{event}',
    description: 'Events of billing systems looked at. outcome: applied, parked, refused, abandoned.',
    labels: ['outcome'],
  },
  dailydoco_purchases_recorded_total: {
    kind: 'counter',
    unit: '{purchase}',
    description: 'Purchases posted. outcome: created, existing, unattributed.',
    labels: ['outcome'],
  },
} as const satisfies Record<`dailydoco_${string}`, MetricSpec>;
