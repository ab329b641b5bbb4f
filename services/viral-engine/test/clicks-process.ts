// The edges in a process of its own, so that it can be killed. Tells where it listens and how many clicks of a killed
// process it has stored; ends in order when it is told anything.
import { renderPrometheus } from '@dailydoco/telemetry';
import { startEdges } from './edges.js';
import { Engine } from './engine.js';

const [, , database = '', folder = ''] = process.argv;
const engine = new Engine({ appUrl: database, ownerUrl: database, drop: () => Promise.resolve() });
const edges = await startEdges(engine, { settings: folder === '' ? {} : { CLICK_JOURNAL_DIR: folder } });
const recovered = /^dailydoco_clicks_recovered_total(?:\{.*\})? (\d+)/m.exec(await renderPrometheus())?.[1];
process.once(
  'message',
  () =>
    void edges
      .stop()
      .then(() => engine.pool.end())
      .then(() => process.exit(0)),
);
process.send?.({ url: edges.url, recovered: Number(recovered ?? 0) });
