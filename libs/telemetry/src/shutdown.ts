let stop: (() => Promise<void>) | undefined;

/** Told by `register` how to send what is still buffered. */
export function setTelemetryShutdown(shutdown: () => Promise<void>): void {
  stop = shutdown;
}

/**
 * Sends buffered spans and metrics and ends their export; the last thing a service does before it exits. Never throws
 * and does nothing when tracing was not started or has ended already.
 */
export async function shutdownTelemetry(): Promise<void> {
  const shutdown = stop;
  stop = undefined;
  // A collector that cannot be reached must not turn a clean exit into a failed one.
  await shutdown?.().catch(() => undefined);
}
