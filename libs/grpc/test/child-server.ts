// A server in a process of its own, for tests that kill it. Tells its port to the parent; ends with the parent.
import { startTestServer } from './test-server.js';

const server = await startTestServer({
  // `wait` is never answered, and says so when it has arrived; anything else is answered with the process's id.
  checkReferral: async ({ referralCode }) => {
    if (referralCode === 'wait') {
      process.send?.({ arrived: referralCode });
      await new Promise(() => undefined);
    }
    return { applies: true, referrerId: String(process.pid) };
  },
});
process.once('disconnect', () => process.exit(0));
process.send?.({ port: server.port });
