import { fleetLayout } from './layout.js';
import { readRunRecord } from './run-record.js';
import { stopRecorded } from './stop-recorded.js';

const layout = fleetLayout();
const record = readRunRecord(layout.runFile);
if (record === undefined) {
  process.stdout.write('Nothing is running.\n');
} else {
  await stopRecorded(record, layout.runFile, (text) => process.stdout.write(`${text}\n`));
  process.stdout.write('Stopped. The data is kept in .local/; `npm start` goes on with it.\n');
}
