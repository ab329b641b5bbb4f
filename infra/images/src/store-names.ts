/** The stores that an evaluation needs, and that --stores makes stand-ins for. */
export const STORE_NAMES = ['postgres', 'valkey', 'kafka'] as const;

export type StoreName = (typeof STORE_NAMES)[number];
