import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@dailydoco/errors';
import { type ListFile, type ListFormat, readListFile } from './list-file.adapter.js';

const read = (format: ListFormat, content: string, aliases?: string) => readListFile({ format, content, aliases });

/** Path and message of everything that is wrong with a file. */
function problems(file: Partial<ListFile>): string[] {
  try {
    readListFile({ format: 'csv', content: '', aliases: undefined, ...file });
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return [error.reason, ...error.fieldErrors.map(({ path, message }) => `${path} ${message}`)];
  }
  return [];
}

const SDN = `36,"AEROCARIBBEAN AIRLINES",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0-
173,"ANGLO-CARIBBEAN CO., LTD.",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0-
2674,"ABBAS, Abu","individual","SDGT] [SDT","Director",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 10 Dec 1948; alt. DOB circa 1950; Director of PALESTINE LIBERATION FRONT."
9999,"EVER SUNRISE","vessel","IRAN",-0- ,"XYZ1",-0- ,-0- ,-0- ,"Panama",-0- ,-0-
\u001a`;
const ALT = `36,12,"aka","AERO-CARIBBEAN",-0-
2674,13,"aka","ZAYDAN, Muhammad",-0-
`;
const XML = `<?xml version="1.0" standalone="yes"?>
<sdnList xmlns="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML">
  <publshInformation><Publish_Date>11/20/2026</Publish_Date><Record_Count>2</Record_Count></publshInformation>
  <sdnEntry><uid>2674</uid><firstName>Abu</firstName><lastName>ABBAS</lastName><sdnType>Individual</sdnType>
    <programList><program>SDGT</program><program>SDT</program></programList>
    <akaList>
      <aka><uid>13</uid><type>a.k.a.</type><category>strong</category><lastName>ZAYDAN</lastName><firstName>Muhammad</firstName></aka>
      <aka><uid>14</uid><type>a.k.a.</type><category>weak</category><lastName>ABU</lastName></aka>
    </akaList>
    <nationalityList><nationality><uid>1</uid><country>Iraq &amp; Syria</country></nationality></nationalityList>
    <dateOfBirthList><dateOfBirthItem><uid>5</uid><dateOfBirth>1948 to 1950</dateOfBirth></dateOfBirthItem></dateOfBirthList>
  </sdnEntry>
  <sdnEntry><uid>9999</uid><lastName>EVER SUNRISE</lastName><sdnType>Vessel</sdnType></sdnEntry>
</sdnList>`;

describe('A list file', () => {
  it('of plain CSV is read by the names of its columns', () => {
    const content =
      '\uFEFFid,program,name,aliases,birthDate,country\n7,PEP,"Doe, Jane",Jane Roe; J. Doe ;,1960-05-31,FR\n,,Max Muster,,,\n';
    expect(read('csv', content)).toEqual([
      {
        key: '7',
        name: 'Doe, Jane',
        aliases: ['Jane Roe', 'J. Doe'],
        birthYears: [1960],
        country: 'FR',
        program: 'PEP',
      },
      {
        key: expect.stringMatching(/^[0-9a-f]{32}$/),
        name: 'Max Muster',
        aliases: [],
        birthYears: [],
        country: undefined,
        program: undefined,
      },
    ]);
  });

  it('of OFAC’s CSV is read as published, without ships', () => {
    const none = { aliases: [], birthYears: [], country: undefined };
    expect(read('ofac_csv', SDN.replaceAll('\n', '\r\n'), ALT)).toEqual([
      { ...none, key: '36', name: 'AEROCARIBBEAN AIRLINES', aliases: ['AERO-CARIBBEAN'], program: 'CUBA' },
      { ...none, key: '173', name: 'ANGLO-CARIBBEAN CO., LTD.', program: 'CUBA' },
      {
        ...none,
        key: '2674',
        name: 'ABBAS, Abu',
        aliases: ['ZAYDAN, Muhammad'],
        birthYears: [1948, 1950],
        program: 'SDGT] [SDT',
      },
    ]);
    expect(read('ofac_csv', SDN)[0]?.aliases).toEqual([]);
  });

  it('of OFAC’s XML is read as published, without ships and weak aliases', () => {
    expect(read('ofac_xml', XML)).toEqual([
      {
        key: '2674',
        name: 'Abu ABBAS',
        aliases: ['Muhammad ZAYDAN'],
        birthYears: [1948, 1949, 1950],
        country: 'Iraq & Syria',
        program: 'SDGT, SDT',
      },
    ]);
  });

  it.each<[string, Partial<ListFile>, string]>([
    ['nothing', { content: '' }, 'content.1 must name its columns'],
    ['no entry', { content: 'name\n' }, 'content holds no entries'],
    ['no name column', { content: 'nom\nJane\n' }, 'content.1 must name its columns'],
    ['a column twice', { content: 'name,name\nJane,Jane\n' }, 'content.1 must name its columns'],
    ['a field too many', { content: 'name,country\nJane,FR,x\n' }, 'content.2 must have 2 fields'],
    ['a name of nothing', { content: 'name,country\nJane,FR\n-,FR\n' }, 'content.3.name must be a name'],
    ['another date', { content: 'name,birthDate\nJane,31.5.1960\n' }, 'content.2.birthDate must be'],
    ['one entry twice', { content: 'id,name\n1,Jane\n1,John\n' }, 'content holds the entry 1 twice'],
    ['an open quote', { content: 'name\n"Jane\n' }, 'is not well-formed CSV'],
    ['aliases beside', { content: 'name\nJane\n', aliases: ALT }, 'aliases belong to ofac_csv alone'],
    ['OFAC’s CSV cut off', { format: 'ofac_csv', content: SDN.slice(0, 130) }, 'content.2 must have 12 fields'],
    [
      'OFAC’s CSV with a header',
      { format: 'ofac_csv', content: `ent_num,${'x,'.repeat(10)}x\n` },
      'content.1 must have 12',
    ],
    ['aliases of another shape', { format: 'ofac_csv', content: SDN, aliases: SDN }, 'aliases.1 must have 5 fields'],
    ['XML cut off', { format: 'ofac_xml', content: XML.slice(0, -12) }, 'content is not well-formed XML'],
    ['another XML', { format: 'ofac_xml', content: '<html/>' }, 'content must be an sdnList'],
    [
      'entities that grow',
      { format: 'ofac_xml', content: '<!DOCTYPE x [<!ENTITY a "b">]><sdnList/>' },
      'content must have no document type',
    ],
    ['CSV called XML', { format: 'ofac_xml', content: SDN }, 'content is not well-formed XML'],
  ])('that holds %s is refused', (_, file, expected) => {
    const [reason, ...told] = problems(file);
    expect(reason).toBe('VALIDATION_FAILED');
    expect(told.join('\n')).toContain(expected);
  });
});
