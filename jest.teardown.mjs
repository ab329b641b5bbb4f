// A run that is over and does not end would keep whoever waits for it waiting for ever.
const PATIENCE_MS = 20_000;

export default function endSoon() {
  // Something was left open.
  setTimeout(() => {
    process.stderr.write(`Left open after the last spec: ${process.getActiveResourcesInfo().join(', ')}\n`);
    process.exit(1);
  }, PATIENCE_MS).unref();
  // Nothing was: Node would take its environment apart then, and was seen to turn for ever in that
  // (Environment::CleanupHandles; https://github.com/nodejs/node/issues/47748 tells of the like). This leaves it as it is, after the
  // listeners of `exit`, with jest's exit code.
  process.once('beforeExit', () => process.exit());
}
