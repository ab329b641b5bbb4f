// A run that is over and does not end, because something was left open, would keep whoever waits for it waiting for ever.
const PATIENCE_MS = 20_000;

export default function endSoon() {
  setTimeout(() => {
    process.stderr.write(`Left open after the last spec: ${process.getActiveResourcesInfo().join(', ')}\n`);
    process.exit(1);
  }, PATIENCE_MS).unref();
}
