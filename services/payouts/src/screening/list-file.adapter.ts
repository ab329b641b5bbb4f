import { createHash } from 'node:crypto';
import { DomainError, type FieldError } from '@dailydoco/errors';
import { CsvError, parse } from 'csv-parse/sync';
import { SaxesParser } from 'saxes';
import { wordsOf } from './names.js';
import type { ListEntry } from './sanctions-list.js';

export const LIST_FORMATS = ['csv', 'ofac_csv', 'ofac_xml'] as const;
export type ListFormat = (typeof LIST_FORMATS)[number];

/** A list as its publisher has it. */
export interface ListFile {
  readonly format: ListFormat;
  readonly content: string;
  /** The names beside the main ones, of `ofac_csv` alone: ALT.CSV. */
  readonly aliases: string | undefined;
}

/** More entries than the largest list published has. */
const MAX_ENTRIES = 200_000;
const MAX_NAME = 500;
/** As many wrong lines are told at once. */
const MAX_PROBLEMS = 50;
const COLUMNS = ['name', 'aliases', 'birthDate', 'country', 'program'];
/** Of OFAC's lists: they have no bank account. */
const THINGS = new Set(['vessel', 'aircraft']);
/** How OFAC's CSV spells that there is nothing. */
const NOTHING = '-0-';

type Read = ListEntry[];

/** The entries of a list file. Throws VALIDATION_FAILED with the lines that are wrong; then nothing is to be stored. */
export function readListFile({ format, content, aliases }: ListFile): ListEntry[] {
  if (aliases !== undefined && format !== 'ofac_csv') throw invalid('aliases', 'belong to ofac_csv alone');
  const entries = READERS[format](content, aliases);
  if (entries.length === 0) throw invalid('content', 'holds no entries');
  if (entries.length > MAX_ENTRIES) throw invalid('content', `holds more than ${MAX_ENTRIES} entries`);
  const keys = new Set<string>();
  for (const { key } of entries) {
    if (keys.has(key)) throw invalid('content', `holds the entry ${key} twice`);
    keys.add(key);
  }
  return entries;
}

const READERS: Readonly<Record<ListFormat, (content: string, aliases: string | undefined) => Read>> = {
  csv: plainCsv,
  ofac_csv: ofacCsv,
  ofac_xml: ofacXml,
};

/** `name,aliases,birthDate,country,program` with a header, aliases parted by `;`, birth dates as 1960 or 1960-05-31. */
function plainCsv(content: string): Read {
  const [header = [], ...lines] = records(content, 'content');
  const at = new Map(header.map((name, n) => [name.trim(), n]));
  const unknown = header.find((name) => ![...COLUMNS, 'id'].includes(name.trim()));
  if (!at.has('name') || unknown !== undefined || at.size !== header.length) {
    throw invalid('content.1', `must name its columns: ${COLUMNS.join(', ')}, and id if there is one`);
  }
  const problems: FieldError[] = [];
  const entries = lines.map((fields, n): ListEntry => {
    const field = (column: string): string => (fields[at.get(column) ?? -1] ?? '').trim();
    const path = `content.${n + 2}`;
    const name = field('name');
    const birthDate = field('birthDate');
    if (fields.length !== header.length) problems.push({ path, message: `must have ${header.length} fields` });
    else if (!isName(name)) problems.push({ path: `${path}.name`, message: 'must be a name' });
    else if (!/^([0-9]{4}(-[0-9]{2}-[0-9]{2})?)?$/.test(birthDate)) {
      problems.push({ path: `${path}.birthDate`, message: 'must be a year or a date such as 1960-05-31' });
    }
    const aliases = field('aliases')
      .split(';')
      .map((alias) => alias.trim())
      .filter(isName);
    const own = {
      name,
      aliases,
      birthYears: birthYearsOf(birthDate),
      country: given(field('country')),
      program: given(field('program')),
    };
    return { key: given(field('id')) ?? digest([name, birthDate, field('country')]), ...own };
  });
  if (problems.length > 0) throw new DomainError('VALIDATION_FAILED', { fieldErrors: problems.slice(0, MAX_PROBLEMS) });
  return entries;
}

/** SDN.CSV with ALT.CSV beside it, as published: no header, `-0-` for nothing, dates of birth among the remarks. */
function ofacCsv(content: string, alternates: string | undefined): Read {
  const aliases = new Map<string, string[]>();
  for (const [number, , , name] of ofacRecords(alternates ?? '', { path: 'aliases', fields: 5 })) {
    if (number !== undefined && name !== undefined && isName(name)) {
      aliases.set(number, [...(aliases.get(number) ?? []), name]);
    }
  }
  return ofacRecords(content, { path: 'content', fields: 12 }).flatMap((fields): Read => {
    const [key = '', name = '', type = '', program = ''] = fields;
    if (THINGS.has(type.toLowerCase())) return [];
    const remarks = fields[11] ?? '';
    const births = [...remarks.matchAll(/\bDOB ([^;.]*)/g)].map(([, date = '']) => date).join(' ');
    const entry = { name, aliases: aliases.get(key) ?? [], birthYears: birthYearsOf(births), country: undefined };
    return [{ key, ...entry, program: given(program) }];
  });
}

/** The records with what is nothing made empty. */
function ofacRecords(content: string, { path, fields }: { path: string; fields: number }): string[][] {
  return records(withoutEndOfFile(content), path).map((record, n) => {
    const clean = record.map((field) => (field.trim() === NOTHING ? '' : field.trim()));
    if (record.length !== fields || !/^[0-9]+$/.test(clean[0] ?? '')) {
      throw invalid(`${path}.${n + 1}`, `must have ${fields} fields, the first a number`);
    }
    return clean;
  });
}

/** What of an entry of SDN.XML is read: where its text goes, by the path below the entry. */
interface OpenEntry {
  readonly texts: Map<string, string[]>;
  readonly aliases: { first: string; last: string; isWeak: boolean }[];
}

/** SDN.XML as published. Aliases that OFAC calls weak are left out, as they are from its CSV. */
function ofacXml(content: string): Read {
  const parser = new SaxesParser();
  const entries: Read = [];
  const path: string[] = [];
  let entry: OpenEntry | undefined;
  parser.on('error', () => {
    throw invalid('content', 'is not well-formed XML');
  });
  parser.on('doctype', () => {
    throw invalid('content', 'must have no document type');
  });
  parser.on('opentag', ({ name }) => {
    path.push(name);
    if (path.length === 1 && name !== 'sdnList') throw invalid('content', 'must be an sdnList');
    if (name === 'sdnEntry') entry = { texts: new Map(), aliases: [] };
    if (name === 'aka') entry?.aliases.push({ first: '', last: '', isWeak: false });
  });
  parser.on('text', (text) => readText(entry, path.slice(2).join('/'), text));
  parser.on('closetag', ({ name }) => {
    path.pop();
    if (name !== 'sdnEntry' || entry === undefined) return;
    entries.push(...entryOf(entry));
    entry = undefined;
  });
  parser.write(content).close();
  return entries;
}

function readText(entry: OpenEntry | undefined, path: string, text: string): void {
  const alias = entry?.aliases.at(-1);
  if (alias !== undefined && path.startsWith('akaList/aka/')) {
    if (path.endsWith('/firstName')) alias.first += text;
    else if (path.endsWith('/lastName')) alias.last += text;
    else if (path.endsWith('/category')) alias.isWeak = text.trim().toLowerCase() === 'weak';
  } else if (text.trim() !== '') {
    entry?.texts.set(path, [...(entry.texts.get(path) ?? []), text.trim()]);
  }
}

function entryOf({ texts, aliases }: OpenEntry): Read {
  const one = (path: string): string => (texts.get(path) ?? []).join(' ');
  if (THINGS.has(one('sdnType').toLowerCase())) return [];
  const key = one('uid');
  const name = `${one('firstName')} ${one('lastName')}`.trim();
  if (!/^[0-9]+$/.test(key) || !isName(name)) throw invalid('content', `holds an entry without uid or name: ${key}`);
  const strong = aliases.filter(({ isWeak }) => !isWeak).map(({ first, last }) => `${first} ${last}`.trim());
  return [
    {
      key,
      name,
      aliases: strong.filter(isName),
      birthYears: birthYearsOf(one('dateOfBirthList/dateOfBirthItem/dateOfBirth')),
      country: given(one('nationalityList/nationality/country') || one('citizenshipList/citizenship/country')),
      program: given((texts.get('programList/program') ?? []).join(', ')),
    },
  ];
}

/** OFAC's files end with the character that once ended files (U+001A). */
function withoutEndOfFile(content: string): string {
  const end = content.trimEnd();
  return end.endsWith('\u001a') ? end.slice(0, -1) : end;
}

function records(content: string, path: string): string[][] {
  try {
    return parse(content, { bom: true, skip_empty_lines: true, relax_column_count: true });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line: unknown = error['lines'];
    throw invalid(`${path}.${typeof line === 'number' ? line : 1}`, 'is not well-formed CSV');
  }
}

/** Every year that a date, or several, may lie in: `circa 1960`, `07 Jul 1955`, `1960 to 1962`. */
function birthYearsOf(text: string): number[] {
  const years = [...text.matchAll(/\b(1[89][0-9]{2}|20[0-9]{2})\b/g)].map(([year]) => Number(year));
  const [from, to] = years;
  // A range of a few years; written as two years in one date.
  if (
    /\bto\b/.test(text) &&
    years.length === 2 &&
    from !== undefined &&
    to !== undefined &&
    to > from &&
    to - from < 20
  ) {
    return Array.from({ length: to - from + 1 }, (_, n) => from + n);
  }
  return [...new Set(years)].toSorted((a, b) => a - b);
}

function isName(text: string): boolean {
  return text.length <= MAX_NAME && wordsOf(text).length > 0;
}

function given(text: string): string | undefined {
  return text === '' ? undefined : text;
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

function invalid(path: string, message: string): DomainError {
  return new DomainError('VALIDATION_FAILED', { fieldErrors: [{ path, message }] });
}
