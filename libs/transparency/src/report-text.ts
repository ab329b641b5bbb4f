import type { AnchorCheck } from './anchor.js';
import { toBase64 } from './canonical.js';
import type { Totals } from './totals.js';
import type { VerifyReport } from './verify-statement.js';

/** Most findings that are printed one by one: behind a rewritten tree every leaf is one. */
const MAX_PRINTED = 50;

/** A report for people. */
export function asText(report: VerifyReport, anchor?: AnchorCheck): string {
  const { statement, checkpoint, checked, totals } = report;
  const findings = [...report.findings, ...(anchor?.findings ?? [])];
  const lines: string[] = [];
  if (statement !== undefined) {
    lines.push(
      `Statement of ${statement.beneficiaryId}, made ${statement.madeAt}`,
      `  log         ${statement.origin}`,
      `  checkpoint  ${checkpoint === undefined ? 'unreadable' : `${checkpoint.size} leaves, root ${toBase64(checkpoint.root)}`}`,
      `  signed by   ${statement.key}`,
      `  checked     ${checked.entries} entries and ${checked.changes} changes: encoding, signatures, places in the log, gaps,`,
      `              amounts, each step of each entry, totals${checked.earlier ? ', the history since the earlier checkpoint' : ''}`,
      ...(anchor?.anchor === undefined
        ? []
        : [`  anchor      ${anchor.anchor.size} leaves, on the chain since ${anchor.anchor.anchoredAt.toISOString()}`]),
      '',
      ...totals.map(totalsLine),
      ...(totals.length === 0 ? ['  no entries'] : []),
      '',
    );
  }
  lines.push(...findings.slice(0, MAX_PRINTED).map(({ code, message }) => `✖ ${code}: ${message}`));
  if (findings.length > MAX_PRINTED) lines.push(`  … and ${findings.length - MAX_PRINTED} more; --json lists all`);
  if (findings.length === 0) lines.push('✔ OK: nothing found.');
  if (report.keysFrom === 'file') {
    lines.push(
      '! The key is the one in the file: that proves nothing about who signed. Pass the log’s key with --key.',
    );
  }
  return `${lines.join('\n')}\n`;
}

/** A report for scripts, stable by its names; checkpoints as origin, size and root. */
export function asJson(report: VerifyReport, anchor?: AnchorCheck): string {
  const { checkpoint, findings, keysFrom, statement, checked, totals } = report;
  const all = [...findings, ...(anchor?.findings ?? [])];
  const value = {
    ok: all.length === 0,
    findings: all,
    keysFrom,
    statement: statement ?? null,
    checkpoint: checkpoint === undefined ? null : { size: checkpoint.size, root: toBase64(checkpoint.root) },
    checked,
    totals,
    anchor: anchor?.anchor === undefined ? null : { size: anchor.anchor.size, anchoredAt: anchor.anchor.anchoredAt },
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

function totalsLine({ currency, entries, gross, takenBack, pending, held, available }: Totals): string {
  const amounts = { earned: gross, 'taken back': takenBack, pending, held, available };
  const words = Object.entries(amounts).map(([name, micros]) => `${name} ${decimal(micros)}`);
  return `  ${currency}  ${entries} entries · ${words.join(' · ')}`;
}

/** Micros as a decimal number with 2 to 6 digits behind the point. */
function decimal(micros: string): string {
  const digits = micros.padStart(7, '0');
  const fraction = digits.slice(-6);
  return `${digits.slice(0, -6)}.${fraction.slice(0, 2)}${fraction.slice(2).replace(/0+$/, '')}`;
}
